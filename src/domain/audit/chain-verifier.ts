import type { SignatureVerifier } from "../../platform/secrets/signing-keys";
import type { BaseRecord, ChainRecord, EntryRecord, HeadRecord, SignedHeadRecord } from "./audit-records";
import { type ChainPoint, hashOf, signedTexts } from "./audit-hash";

/** The first entry of a chain that does not verify, and the reason. */
export interface ChainFault {
  /** Null for a fault of a file that no entry has. */
  readonly chainId: string | null;
  readonly sequence: number;
  readonly problem: string;
}

class FaultFound extends Error {
  constructor(readonly fault: ChainFault) {
    super(fault.problem);
  }
}

/** Verifies one chain as its records come, in their order. Keeps no records. */
export class ChainVerifier {
  private last: ChainPoint | undefined;
  private base = 0;
  private isEnded = false;
  /** The ids of the chains whose start this chain records. */
  readonly started: string[] = [];
  entries = 0;

  /** @param told heads that the log was told, by sequence */
  constructor(
    readonly chainId: string,
    private readonly keys: SignatureVerifier,
    private readonly told: ReadonlyMap<number, string> = new Map(),
  ) {}

  /** @returns the first fault, if this record shows one */
  add(record: ChainRecord): ChainFault | undefined {
    return this.faultOf(() => {
      if (record.type === "chain") this.begin(record);
      else if (record.type === "entry") this.follow(record);
      else if (record.type === "signedHead") this.compareSignedHead(record);
      else this.finish(record);
    });
  }

  /**
   * Goes on after an entry up to which the chain was verified before, in place of its base.
   *
   * @returns the fault, if the entry is no longer as it was signed
   */
  resume(entry: EntryRecord): ChainFault | undefined {
    return this.faultOf(() => {
      this.checkSignature(entry);
      this.last = { chainId: this.chainId, sequence: entry.sequence, hash: entry.hash };
    });
  }

  /** The last entry that was verified. */
  get verifiedUpTo(): number {
    return this.last?.sequence ?? 0;
  }

  get nextSequence(): number {
    return (this.last?.sequence ?? 0) + 1;
  }

  /** To be called after the last record. */
  end(): ChainFault | undefined {
    return this.faultOf(() => {
      const { sequence } = this.point();
      if (!this.isEnded) this.fail(sequence + 1, "the end is missing: it was cut off");
    });
  }

  private fail(sequence: number, problem: string): never {
    throw new FaultFound({ chainId: this.chainId, sequence, problem });
  }

  private faultOf(work: () => void): ChainFault | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      if (error instanceof FaultFound) return error.fault;
      throw error;
    }
  }

  private point(): ChainPoint {
    return this.last ?? this.fail(1, "the record of where the chain begins is missing");
  }

  private begin(base: BaseRecord): void {
    const isSigned = this.keys.verify(signedTexts.base(base), base) === "VALID";
    if (!isSigned) this.fail(1, "it was removed, or the record of where the chain begins was changed");
    this.last = base;
    this.base = base.sequence;
    this.compareTold(base);
  }

  private follow(entry: EntryRecord): void {
    const previous = this.point();
    const { sequence, hash } = entry;
    const expected = previous.sequence + 1;
    if (sequence > expected) this.fail(expected, "it was removed");
    if (sequence < expected) this.fail(expected, `it was removed or swapped: entry #${sequence} is in its place`);

    const follows = entry.previousHash === previous.hash;
    const isSigned = this.keys.verify(signedTexts.entry(entry), entry) === "VALID";
    if (!isSigned && !follows) this.fail(expected, "it was removed or swapped: another entry is in its place");
    this.checkSignature(entry, isSigned);
    if (!follows) this.fail(expected, "it does not follow the entry before it");
    this.last = { chainId: this.chainId, sequence, hash };
    this.entries += 1;
    if (entry.action === "START_CHAIN") this.started.push(entry.targetId);
    this.compareTold(this.last);
  }

  private checkSignature(
    entry: EntryRecord,
    isSigned = this.keys.verify(signedTexts.entry(entry), entry) === "VALID",
  ): void {
    const { sequence, hash } = entry;
    if (!isSigned) this.fail(sequence, "it was changed or inserted: its signature is not by a key of this server");
    if (hashOf({ ...entry, at: new Date(entry.at) }) !== hash) this.fail(sequence, "it was changed");
  }

  private compareSignedHead(head: SignedHeadRecord): void {
    const { sequence, hash } = this.point();
    const at = new Date(head.at);
    const isSigned = this.keys.verify(signedTexts.signedHead({ ...head, at }), head) !== "INVALID";
    if (!isSigned) this.fail(head.sequence, "the signed head at this entry was changed");
    // Those that retention has made needless.
    if (head.sequence < this.base) return;
    if (head.sequence > sequence)
      this.fail(sequence + 1, `it was cut off: a head was signed at entry #${head.sequence}`);
    if (head.sequence === sequence && head.hash !== hash)
      this.fail(sequence, "the head that was signed at this entry is another one");
  }

  private finish(head: HeadRecord): void {
    const { sequence, hash } = this.point();
    if (head.sequence > sequence) this.fail(sequence + 1, `it was cut off: the chain has ended with #${head.sequence}`);
    if (head.sequence < sequence)
      this.fail(head.sequence + 1, `it was inserted: the chain ends with #${head.sequence}`);
    const isSigned = this.keys.verify(signedTexts.head(head), head) === "VALID";
    if (!isSigned || head.hash !== hash)
      this.fail(sequence + 1, "what follows was cut off: the end of the chain is not as it was signed");
    const beyond = [...this.told.keys()].filter((told) => told > sequence);
    if (beyond.length > 0)
      this.fail(sequence + 1, `it was cut off: the log was told a head at entry #${Math.max(...beyond)}`);
    this.isEnded = true;
  }

  private compareTold({ sequence, hash }: ChainPoint): void {
    const told = this.told.get(sequence);
    if (told !== undefined && told !== hash) this.fail(sequence, "the log was told another hash of this entry");
  }
}
