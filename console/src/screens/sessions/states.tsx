import { Verdict, type VerdictTone } from "../../parts/marks";

const runStates: Readonly<Record<string, readonly [VerdictTone, string]>> = {
  QUEUED: ["busy", "Queued"],
  RUNNING: ["busy", "Running"],
  SUCCEEDED: ["allow", "Succeeded"],
  FAILED: ["refuse", "Failed"],
  CANCELLED: ["off", "Cancelled"],
};

export function RunState({ status }: { status: string }) {
  const [tone, word] = runStates[status] ?? ["unknown", status];
  return <Verdict tone={tone}>{word}</Verdict>;
}

export function SessionState({ status }: { status: string }) {
  return (
    <Verdict tone={status === "ACTIVE" ? "allow" : "off"}>{status === "ACTIVE" ? "Active" : "Terminated"}</Verdict>
  );
}

export const isUnfinished = (status: string): boolean => status === "QUEUED" || status === "RUNNING";
