import { createAnthropic } from "@ai-sdk/anthropic";
import type { CreateModel } from "../language-model";

export const createModel: CreateModel = ({ baseUrl, apiKey }, name, fetch) =>
  createAnthropic({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch }).languageModel(name);
