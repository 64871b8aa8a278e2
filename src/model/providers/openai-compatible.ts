import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { MakeModel } from "../language-model";

export const makeModel: MakeModel = ({ baseUrl, apiKey }, name, fetch) =>
  createOpenAICompatible({
    name: "compatible",
    baseURL: baseUrl,
    ...(apiKey !== null && { apiKey }),
    includeUsage: true,
    fetch,
  }).chatModel(name);
