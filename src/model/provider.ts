import type { Fetch } from "../platform/outbound/fetch";
import type { LanguageModel, MakeModel } from "./language-model";
import type { ModelProvider, ProviderAccess } from "./model-provider";

/** A provider's library is loaded when its first model is asked for, as most servers never need all of them. */
const providers: Readonly<Record<ModelProvider, () => Promise<{ readonly makeModel: MakeModel }>>> = {
  OPENAI_COMPATIBLE: () => import("./providers/openai-compatible.js"),
  OPENAI: () => import("./providers/openai.js"),
  ANTHROPIC: () => import("./providers/anthropic.js"),
  GOOGLE: () => import("./providers/google.js"),
};

export async function languageModel(access: ProviderAccess, name: string, fetch: Fetch): Promise<LanguageModel> {
  const { makeModel } = await providers[access.provider]();
  return makeModel(access, name, fetch);
}
