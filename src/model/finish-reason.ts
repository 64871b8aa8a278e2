export type FinishReason = "stop" | "tool-calls" | "length" | "content-filter" | "error" | "other";

const known: readonly (readonly [FinishReason, ...string[]])[] = [
  ["stop", "stop", "stopped", "eos", "eos_token", "stop_sequence", "end_turn", "complete", "completed", "done"],
  ["tool-calls", "tool_calls", "tool_call", "tool_use", "function_call"],
  ["length", "length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"],
  ["content-filter", "content_filter", "content_filtered", "safety", "sensitive", "blocked", "blocklist", "refusal"],
  ["content-filter", "recitation", "prohibited_content", "spii", "image_safety", "moderation", "guardrail_intervened"],
  ["error", "error", "network_error", "server_error", "abort", "aborted", "insufficient_system_resource"],
  // Anthropic's API waits for a request that lets the model go on.
  ["other", "pause_turn"],
];

/** The meaning of a provider's finish reason, since the AI SDK knows only those of the provider that defined the protocol. */
export function finishReasonOf({
  unified,
  raw,
}: {
  readonly unified: FinishReason;
  readonly raw?: string | undefined;
}): FinishReason {
  const reason = raw?.toLowerCase().replaceAll("-", "_");
  const found = known.find(([, ...names]) => reason !== undefined && names.includes(reason))?.[0];
  // The SDK says `tool-calls` for answers whose provider says `stop`, and `content-filter` for refusals.
  return found === undefined || (found === "stop" && unified !== "other") ? unified : found;
}
