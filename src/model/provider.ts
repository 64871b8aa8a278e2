import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { wrapLanguageModel } from "ai";
import { registerEnumType } from "type-graphql";
import type { Fetch } from "../outbound/outbound";

export type LanguageModel = Parameters<typeof wrapLanguageModel>[0]["model"];

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

/** The libraries take what isn't given from the environment, so all is given, an empty key included. */
export function languageModel(
  { provider, baseUrl, apiKey }: ProviderAccess,
  name: string,
  fetch: Fetch,
): LanguageModel {
  const common = { baseURL: baseUrl, apiKey: apiKey ?? "", fetch };
  switch (provider) {
    case "OPENAI_COMPATIBLE":
      return createOpenAICompatible({
        name: "compatible",
        baseURL: baseUrl,
        ...(apiKey !== null && { apiKey }),
        includeUsage: true,
        fetch,
      }).chatModel(name);
    case "OPENAI":
      return createOpenAI(common).responses(name);
    case "ANTHROPIC":
      return createAnthropic(common).languageModel(name);
    case "GOOGLE":
      return createGoogleGenerativeAI(common).languageModel(name);
  }
}
