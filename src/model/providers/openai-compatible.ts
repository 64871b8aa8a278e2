import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { CreateModel } from "../language-model";
import { readTolerantly } from "./chat-stream";

export const createModel: CreateModel = ({ baseUrl, apiKey }, name, fetch) =>
  createOpenAICompatible({
    name: "compatible",
    baseURL: baseUrl,
    ...(apiKey !== null && { apiKey }),
    includeUsage: true,
    fetch: readTolerantly(fetch),
  }).chatModel(name);
