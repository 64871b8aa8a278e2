import { createHash } from "node:crypto";
import { z } from "zod";
import type { SignatureVerifier } from "../../platform/secrets/signing-keys";
import { signedTexts } from "./audit-hash";
import { VerifiedChains, type Verification } from "./audit-verification";
import { type ChainFault, ChainVerifier } from "./chain-verifier";
import type { ToldHeads } from "./told-heads";

const [text, optionalText] = [z.string(), z.string().nullable()];
const number = z.int().min(0);
const time = z.iso.datetime();
const signed = { keyId: text, signature: text };
const point = { chainId: text, sequence: number, hash: text };

const recordSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("chain"), ...point, ...signed }),
  z.object({
    type: z.literal("entry"),
    ...{ ...point, id: text, at: time, actorKind: text, actorId: optionalText, actorName: text, action: text },
    ...{ targetType: text, targetId: text, targetName: text, fieldsBefore: optionalText, fieldsAfter: optionalText },
    ...{ occurrences: number, address: optionalText, requestId: optionalText, previousHash: text, ...signed },
  }),
  z.object({ type: z.literal("signedHead"), ...point, at: time, ...signed }),
  z.object({ type: z.literal("head"), ...point, ...signed }),
  z.object({ type: z.literal("audit"), format: z.literal(1), appId: optionalText }),
  z.object({ type: z.literal("end"), sha256: text, ...signed }),
]);

/** Verifies an exported file. */
export async function verifyFile(
  lines: AsyncIterable<string>,
  keys: SignatureVerifier,
  told: ToldHeads,
): Promise<Verification> {
  const file = new FileVerifier(keys, told);
  for await (const line of lines) if (line !== "") file.add(line);
  return file.end();
}

class FileVerifier {
  private readonly verified = new VerifiedChains();
  private readonly digest = createHash("sha256");
  private chain: ChainVerifier | undefined;
  private chainFault: ChainFault | undefined;
  private fileFault: ChainFault | undefined;
  private appId: string | null = null;
  private lines = 0;
  private isEnded = false;

  constructor(
    private readonly keys: SignatureVerifier,
    private readonly told: ToldHeads,
  ) {}

  add(line: string): void {
    this.lines += 1;
    if (this.isEnded) this.failFile("something follows the end");
    const record = recordOf(line);
    if (!record) {
      this.failChain(`line ${this.lines} is not a record`);
      return;
    }
    if (record.type === "end") {
      this.compareDigest(record);
      return;
    }
    this.digest.update(`${line}\n`);
    if (record.type === "audit") {
      if (this.lines > 1) this.failFile(`line ${this.lines} is the beginning of another file`);
      this.appId = record.appId;
      return;
    }
    if (record.type === "chain") this.finishChain();
    this.chain ??= new ChainVerifier(record.chainId, this.keys, this.told.get(record.chainId));
    if (record.chainId !== this.chain.chainId) {
      this.failChain(`line ${this.lines} belongs to another chain`);
      return;
    }
    this.chainFault ??= this.chain.add(record as Parameters<ChainVerifier["add"]>[0]);
  }

  end(): Verification {
    this.finishChain();
    if (!this.isEnded) this.failFile("its end was cut off");
    const told = this.appId === null ? this.told.keys() : [];
    const verification = this.verified.result(told, this.appId);
    // A fault of an entry says more.
    const faults = verification.faults.length > 0 || !this.fileFault ? verification.faults : [this.fileFault];
    return { ...verification, faults };
  }

  private finishChain(): void {
    if (this.chain) this.verified.add(this.chain, this.chainFault ?? this.chain.end());
    this.chain = undefined;
    this.chainFault = undefined;
  }

  private compareDigest(end: { sha256: string; keyId: string; signature: string }): void {
    this.isEnded = true;
    const isSigned = this.keys.verify(signedTexts.export(end.sha256), end) === "VALID";
    if (!isSigned || this.digest.copy().digest("hex") !== end.sha256)
      this.failFile("a line was changed, added or removed");
  }

  private failChain(problem: string): void {
    if (this.chain) this.chainFault ??= { chainId: this.chain.chainId, sequence: this.chain.nextSequence, problem };
    else this.failFile(problem);
  }

  private failFile(problem: string): void {
    this.fileFault ??= { chainId: null, sequence: 0, problem };
  }
}

function recordOf(line: string): z.infer<typeof recordSchema> | undefined {
  try {
    return recordSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
