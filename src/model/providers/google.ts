import { createGoogleGenerativeAI } from "@ai-sdk/google";
import type { CreateModel } from "../language-model";
import { repairEvents } from "./repair-events";

/** The name becomes part of a URL's path. */
const encoded = (name: string): string => name.split("/").map(encodeURIComponent).join("/");

export const createModel: CreateModel = ({ baseUrl, apiKey }, name, fetch) =>
  createGoogleGenerativeAI({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch: repairEvents(fetch) }).languageModel(
    encoded(name),
  );
