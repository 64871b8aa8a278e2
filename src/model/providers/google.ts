import { createGoogleGenerativeAI } from "@ai-sdk/google";
import type { MakeModel } from "../language-model";

export const makeModel: MakeModel = ({ baseUrl, apiKey }, name, fetch) =>
  createGoogleGenerativeAI({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch }).languageModel(name);
