import { createOpenAI } from "@ai-sdk/openai";
import type { MakeModel } from "../language-model";

export const makeModel: MakeModel = ({ baseUrl, apiKey }, name, fetch) =>
  createOpenAI({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch }).responses(name);
