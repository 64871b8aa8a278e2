import type { Change } from "../../parts/changes";
import { splitList } from "../../parts/format";
import type { AgentFieldsFragment } from "./operations.generated";

/** A server and the tools of it that the model may call, as typed. */
export interface ToolDraft {
  readonly id: number;
  /** The name of a tool server of the app; empty if the agent has an address of its own. */
  readonly server: string;
  readonly url: string;
  readonly allow: string;
}

/** An agent as it is typed: numbers and lists are still texts. */
export interface AgentDraft {
  readonly name: string;
  readonly description: string;
  readonly model: string;
  readonly instructions: string;
  readonly isEnabled: boolean;
  readonly temperature: string;
  readonly maxOutputTokens: string;
  readonly timeoutSeconds: string;
  readonly onInterrupt: "FAIL" | "RETRY";
  readonly tools: readonly ToolDraft[];
}

export const emptyDraft: AgentDraft = {
  name: "",
  description: "",
  model: "builtin:extractive",
  instructions: "",
  isEnabled: true,
  temperature: "",
  maxOutputTokens: "",
  timeoutSeconds: "120",
  onInterrupt: "FAIL",
  tools: [],
};

const shown = (value: number | null): string => (value === null ? "" : String(value));
const numberOf = (text: string): number | null => (text.trim() === "" ? null : Number(text));

export const draftOf = (agent: AgentFieldsFragment): AgentDraft => ({
  name: agent.name,
  description: agent.description,
  model: agent.model,
  instructions: agent.instructions,
  isEnabled: agent.enabled,
  temperature: shown(agent.temperature),
  maxOutputTokens: shown(agent.maxOutputTokens),
  timeoutSeconds: String(agent.timeoutSeconds),
  onInterrupt: agent.onInterrupt,
  tools: agent.tools.map(({ server, url, allow }, id) => ({ id, server: server ?? "", url, allow: allow.join(", ") })),
});

/** A draft as the API takes it. */
export const inputOf = (draft: AgentDraft) => ({
  name: draft.name,
  description: draft.description,
  model: draft.model,
  instructions: draft.instructions,
  enabled: draft.isEnabled,
  temperature: numberOf(draft.temperature),
  maxOutputTokens: numberOf(draft.maxOutputTokens),
  timeoutSeconds: numberOf(draft.timeoutSeconds),
  onInterrupt: draft.onInterrupt,
  tools: draft.tools.map(({ server, url, allow }) => ({
    ...(server ? { server } : { url }),
    allow: splitList(allow),
  })),
});

const interruptions = { FAIL: "fails", RETRY: "is started again" };
const toolsIn = ({ tools }: AgentDraft): string =>
  tools.map(({ server, url, allow }) => `${server || url}: ${splitList(allow).join(", ")}`).join("; ") || "none";

/** The differences between two drafts of an agent. */
export function changesBetween(before: AgentDraft, after: AgentDraft): Change[] {
  const pairs: [string, string, string][] = [
    ["Name", before.name, after.name],
    ["Description", before.description, after.description],
    ["Model", before.model, after.model],
    ["Instructions", before.instructions, after.instructions],
    ["State", before.isEnabled ? "enabled" : "disabled", after.isEnabled ? "enabled" : "disabled"],
    ["Temperature", before.temperature || "the provider's", after.temperature || "the provider's"],
    ["Longest answer", before.maxOutputTokens || "the provider's", after.maxOutputTokens || "the provider's"],
    ["Time-out", `${before.timeoutSeconds} s`, `${after.timeoutSeconds} s`],
    ["An interrupted run", interruptions[before.onInterrupt], interruptions[after.onInterrupt]],
    ["Tools", toolsIn(before), toolsIn(after)],
  ];
  return pairs
    .filter(([, old, next]) => old !== next)
    .map(([what, old, next]) => ({ what, before: old, after: next, effect: "other" }));
}
