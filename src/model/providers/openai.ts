import { createOpenAI } from "@ai-sdk/openai";
import type { CreateModel } from "../language-model";

export const createModel: CreateModel = ({ baseUrl, apiKey }, name, fetch) =>
  createOpenAI({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch }).responses(name);
