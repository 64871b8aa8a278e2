import type { SignatureVerifier } from "../../platform/secrets/signing-keys";
import { serverChain } from "./audit-head.entity";
import type { AuditSource } from "./audit-source";
import { type ChainFault, ChainVerifier } from "./chain-verifier";
import type { ToldHeads } from "./told-heads";

export interface Verification {
  readonly chains: number;
  readonly entries: number;
  /** The first fault of each chain that has one. */
  readonly faults: readonly ChainFault[];
}

/** The verified chains of a log, and the chains whose start is recorded. */
export class VerifiedChains {
  private readonly seen = new Set<string>();
  private readonly started = new Set<string>();
  private readonly faults: ChainFault[] = [];
  private entries = 0;

  add({ chainId, entries, started }: ChainVerifier, fault: ChainFault | undefined): void {
    this.seen.add(chainId);
    this.entries += entries;
    if (chainId === serverChain) for (const each of started) this.started.add(each);
    if (fault) this.faults.push(fault);
  }

  /**
   * @param told chains that the log was told about
   * @param only the chain that alone was to be verified
   */
  result(told: Iterable<string>, only: string | null = null): Verification {
    const all = [...(this.seen.size > 0 ? [serverChain] : []), ...this.started, ...told];
    const expected = new Set(only === null ? all : [only]);
    const missing = [...expected].filter((chainId) => !this.seen.has(chainId));
    const problem = "it was cut off: the whole chain was removed";
    const faults = [...this.faults, ...missing.map((chainId) => ({ chainId, sequence: 1, problem }))];
    return { chains: this.seen.size, entries: this.entries, faults };
  }
}

/** Verifies the log in the database, while servers may write to it. */
export async function verifyDatabase(
  source: AuditSource,
  keys: SignatureVerifier,
  told: ToldHeads,
): Promise<Verification> {
  const verified = new VerifiedChains();
  for await (const chainId of source.chainIds()) {
    let attempt = await verifyChain(source, keys, chainId, told);
    // Retention has deleted entries meanwhile.
    if (attempt.fault && (await source.headOf(chainId))?.baseSequence !== attempt.baseSequence)
      attempt = await verifyChain(source, keys, chainId, told);
    verified.add(attempt.verifier, attempt.fault);
  }
  return verified.result(told.keys());
}

async function verifyChain(source: AuditSource, keys: SignatureVerifier, chainId: string, told: ToldHeads) {
  const verifier = new ChainVerifier(chainId, keys, told.get(chainId));
  const head = await source.headOf(chainId);
  if (!head)
    return {
      verifier,
      baseSequence: undefined,
      fault: { chainId, sequence: 1, problem: "the head of the chain was removed" },
    };
  const { baseSequence } = head;
  for await (const record of source.records(head)) {
    const fault = verifier.add(record);
    if (fault) return { verifier, baseSequence, fault };
  }
  const fault = verifier.end();
  if (fault) return { verifier, baseSequence, fault };

  // In this order, as the chain may grow meanwhile.
  const last = await source.lastSequence(chainId);
  const { sequence = 0 } = (await source.headOf(chainId)) ?? {};
  const problem = `it was inserted, or what precedes it was cut off: the chain ends with #${sequence}`;
  return { verifier, baseSequence, fault: last > sequence ? { chainId, sequence: sequence + 1, problem } : undefined };
}
