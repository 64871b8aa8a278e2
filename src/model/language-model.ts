import type { wrapLanguageModel } from "ai";
import type { Fetch } from "../platform/outbound/fetch";
import type { ProviderAccess } from "./model-provider";

/** A model as the libraries of the providers give it. */
export type LanguageModel = Parameters<typeof wrapLanguageModel>[0]["model"];

/**
 * Makes a model of one provider. The libraries take what isn't given from the environment, so all is given, an empty key
 * included.
 */
export type MakeModel = (access: ProviderAccess, name: string, fetch: Fetch) => LanguageModel;
