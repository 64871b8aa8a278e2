import { createOpenAI } from "@ai-sdk/openai";
import type { CreateModel } from "../language-model";
import { repairEvents, type Repair } from "./repair-events";

/** The AI SDK reports no failure whose number is left out. */
const repair: Repair = (event) => (event["type"] === "response.failed" ? { sequence_number: 0, ...event } : event);

export const createModel: CreateModel = ({ baseUrl, apiKey }, name, fetch) =>
  createOpenAI({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch: repairEvents(fetch, () => repair) }).responses(name);
