import { setImmediate } from "node:timers/promises";
import type { SignatureVerifier } from "../../platform/secrets/signing-keys";
import type { AuditHead } from "./audit-head.entity";
import { baseRecord, headRecord } from "./audit-records";
import type { AuditSource } from "./audit-source";
import { type ChainFault, ChainVerifier } from "./chain-verifier";

/** Entries that one request verifies. */
const maxEntries = 500;

/** Entries between two turns of the event loop; a signature takes a tenth of a millisecond. */
const entriesPerTurn = 50;

export interface PartialVerification {
  readonly verifiedUpTo: number;
  /** The number of the chain's last entry. */
  readonly lastSequence: number;
  readonly fault: ChainFault | undefined;
}

/**
 * Verifies the entries of a chain that follow one up to which it was verified before, at most 500, and with the last of
 * them the end of the chain. It compares nothing with what the server's log was told: `latchkey audit verify` does.
 */
export async function verifyPart(
  source: AuditSource,
  keys: SignatureVerifier,
  head: AuditHead,
  after: number,
): Promise<PartialVerification> {
  const { chainId, sequence: lastSequence, baseSequence } = head;
  const verifier = new ChainVerifier(chainId, keys);
  const start = Math.max(after, baseSequence);
  const until = Math.min(start + maxEntries, lastSequence);
  const fault =
    (await begin(source, verifier, head, start)) ??
    (await follow(source, verifier, start, until)) ??
    (until === lastSequence ? await end(source, verifier, head) : undefined);
  return { verifiedUpTo: verifier.verifiedUpTo, lastSequence, fault };
}

async function begin(source: AuditSource, verifier: ChainVerifier, head: AuditHead, start: number) {
  if (start === head.baseSequence) return verifier.add(baseRecord(head));
  const entry = await source.entryAt(head.chainId, start);
  return entry ? verifier.resume(entry) : { chainId: head.chainId, sequence: start, problem: "it was removed" };
}

async function follow(source: AuditSource, verifier: ChainVerifier, start: number, until: number) {
  let entries = 0;
  for await (const record of source.between(verifier.chainId, start, until)) {
    const fault = verifier.add(record);
    if (fault) return fault;
    if (++entries % entriesPerTurn === 0) await setImmediate();
  }
  const isCut = verifier.verifiedUpTo < until;
  return isCut ? { chainId: verifier.chainId, sequence: verifier.nextSequence, problem: "it was removed" } : undefined;
}

async function end(source: AuditSource, verifier: ChainVerifier, head: AuditHead): Promise<ChainFault | undefined> {
  const fault = verifier.add(headRecord(head));
  if (fault) return fault;
  // In this order, as the chain may grow meanwhile.
  const last = await source.lastSequence(head.chainId);
  const { sequence = 0 } = (await source.headOf(head.chainId)) ?? {};
  const problem = `it was inserted, or what precedes it was cut off: the chain ends with #${sequence}`;
  return last > sequence ? { chainId: head.chainId, sequence: sequence + 1, problem } : undefined;
}
