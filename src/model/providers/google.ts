import { createGoogleGenerativeAI } from "@ai-sdk/google";
import type { CreateModel } from "../language-model";

export const createModel: CreateModel = ({ baseUrl, apiKey }, name, fetch) =>
  createGoogleGenerativeAI({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch }).languageModel(name);
