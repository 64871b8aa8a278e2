import type { wrapLanguageModel } from "ai";
import type { Fetch } from "../platform/outbound/fetch";
import type { ProviderAccess } from "./model-provider";

/** A model as the AI SDK's provider packages create it. */
export type LanguageModel = Parameters<typeof wrapLanguageModel>[0]["model"];

/** A part of the stream of such a model. */
export type ModelStreamPart =
  Awaited<ReturnType<LanguageModel["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never;

/**
 * Creates a model of one provider. The AI SDK reads options that are left out from the environment, so an implementation
 * passes all of them, even an empty API key.
 */
export type CreateModel = (access: ProviderAccess, name: string, fetch: Fetch) => LanguageModel;
