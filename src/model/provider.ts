import type { Fetch } from "../platform/outbound/fetch";
import type { CreateModel, LanguageModel } from "./language-model";
import type { ModelProvider, ProviderAccess } from "./model-provider";
import { refusePages } from "./providers/refuse-pages";

/** Each provider's package is loaded when it is first used, since most servers use few of them. */
const providers: Readonly<Record<ModelProvider, () => Promise<{ readonly createModel: CreateModel }>>> = {
  OPENAI_COMPATIBLE: () => import("./providers/openai-compatible.js"),
  OPENAI: () => import("./providers/openai.js"),
  ANTHROPIC: () => import("./providers/anthropic.js"),
  GOOGLE: () => import("./providers/google.js"),
};

export async function createLanguageModel(access: ProviderAccess, name: string, fetch: Fetch): Promise<LanguageModel> {
  const { createModel } = await providers[access.provider]();
  return createModel(access, name, refusePages(fetch, access.provider === "OPENAI_COMPATIBLE"));
}
