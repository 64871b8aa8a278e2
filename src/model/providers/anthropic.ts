import { createAnthropic } from "@ai-sdk/anthropic";
import type { MakeModel } from "../language-model";

export const makeModel: MakeModel = ({ baseUrl, apiKey }, name, fetch) =>
  createAnthropic({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch }).languageModel(name);
