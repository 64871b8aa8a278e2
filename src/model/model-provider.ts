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
  description: "Whose protocol a model is spoken to in.",
  valuesConfig: {
    OPENAI_COMPATIBLE: {
      description: "Chat completions as of OpenAI, spoken by Ollama, vLLM, LM Studio and most gateways.",
    },
    OPENAI: { description: "OpenAI's Responses API." },
    ANTHROPIC: { description: "Anthropic's Messages API." },
    GOOGLE: { description: "Google's Gemini API." },
  },
});

/** Where the providers are that are in one place. */
export const defaultBaseUrls: Readonly<Partial<Record<ModelProvider, string>>> = {
  OPENAI: "https://api.openai.com/v1",
  ANTHROPIC: "https://api.anthropic.com/v1",
  GOOGLE: "https://generativelanguage.googleapis.com/v1beta",
};

/** How to reach a provider. */
export interface ProviderAccess {
  readonly provider: ModelProvider;
  readonly baseUrl: string;
  readonly apiKey: string | null;
}
