import { registerEnumType } from "type-graphql";

export const ModelProvider = {
  OPENAI_COMPATIBLE: "OPENAI_COMPATIBLE",
  OPENAI: "OPENAI",
  ANTHROPIC: "ANTHROPIC",
  GOOGLE: "GOOGLE",
} as const;
export type ModelProvider = keyof typeof ModelProvider;
registerEnumType(ModelProvider, {
  name: "ModelProvider",
  description: "The provider API that a model connection uses.",
  valuesConfig: {
    OPENAI_COMPATIBLE: {
      description: "OpenAI's Chat Completions API, as served by Ollama, vLLM, LM Studio and most gateways.",
    },
    OPENAI: { description: "OpenAI's Responses API." },
    ANTHROPIC: { description: "Anthropic's Messages API." },
    GOOGLE: { description: "Google's Gemini API." },
  },
});

/** Providers without an entry need an explicit base URL. */
export const defaultBaseUrls: Readonly<Partial<Record<ModelProvider, string>>> = {
  OPENAI: "https://api.openai.com/v1",
  ANTHROPIC: "https://api.anthropic.com/v1",
  GOOGLE: "https://generativelanguage.googleapis.com/v1beta",
};

export interface ProviderAccess {
  readonly provider: ModelProvider;
  readonly baseUrl: string;
  readonly apiKey: string | null;
}
