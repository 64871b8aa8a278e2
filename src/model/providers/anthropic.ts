import { createAnthropic } from "@ai-sdk/anthropic";
import type { CreateModel } from "../language-model";
import { messagesRepair } from "./messages-repair";
import { repairEvents } from "./repair-events";

export const createModel: CreateModel = ({ baseUrl, apiKey }, name, fetch) =>
  createAnthropic({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch: repairEvents(fetch, messagesRepair) }).languageModel(
    name,
  );
