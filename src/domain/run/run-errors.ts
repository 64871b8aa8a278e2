import type { ModelErrorCode } from "../../model/model";

/** Every code of `Run.error`, with the condition that it reports. The list is closed. */
export const runErrors = {
  MODEL_UNAVAILABLE:
    "The model's connection no longer exists or its key can't be read, or the provider is unreachable, answers 5xx or broke off its answer.",
  MODEL_REJECTED:
    "The provider answered with an error status other than 5xx, such as 404 for a model that it does not have, or withheld the answer.",
  MODEL_TIMEOUT: "The answer took longer than the agent's `timeoutSeconds`, or a search of documents took too long.",
  MODEL_OUTPUT_TOO_LONG: "The answer reached its maximum length without being complete.",
  MODEL_OUTPUT_EMPTY: "The answer is complete, but has no text.",
  MODEL_ADDRESS_REFUSED: "The model is outside the public network and `MODEL_ALLOWED_HOSTS` does not name its host.",
  MODEL_FAILED: "The provider's answer was not understood, such as a web page, or the server has a fault.",
  TOOLS_UNAVAILABLE: "A tool server of the agent is unreachable or not allowed, or lacks a tool.",
  TOOL_STEPS_EXCEEDED: "The model still called tools in the last step that it was allowed.",
  DOCUMENTS_TOO_LARGE: "The documents of the session are too large to be searched together.",
  DOCUMENTS_UNAVAILABLE: "The document storage is unreachable.",
  DOCUMENTS_NOT_READY: "Documents of the session were still being processed after `MAX_READ_WAIT_SECONDS`.",
  AGENT_DELETED: "The agent was deleted before the run was executed.",
  ACCESS_REVOKED:
    "The key that started the run lost the permission RUN, or that on the agent, before the run finished; it is CANCELLED.",
  INTERRUPTED: "The server stopped or died, or lost its database, while the run was being executed.",
} as const satisfies Readonly<Record<ModelErrorCode, string>> & Readonly<Record<string, string>>;

export type RunErrorCode = keyof typeof runErrors;
