import type { SignatureVerifier } from "../../platform/secrets/signing-keys";
import { signedTexts } from "./audit-hash";

/** Hashes that a log was told, by chain and by sequence. */
export type ToldHeads = ReadonlyMap<string, ReadonlyMap<number, string>>;

/** Finds the heads in the lines of a server's log. Those that were not signed by a known key are left out. */
export async function toldHeads(lines: AsyncIterable<string>, keys: SignatureVerifier): Promise<ToldHeads> {
  const told = new Map<string, Map<number, string>>();
  for await (const line of lines) {
    const { chainId, sequence, hash, at, keyId, signature } = headIn(line) ?? {};
    if (typeof chainId !== "string" || typeof sequence !== "number" || typeof hash !== "string") continue;
    if (typeof keyId !== "string" || typeof signature !== "string" || !isTime(at)) continue;
    const text = signedTexts.signedHead({ chainId, sequence, hash, at: new Date(at) });
    if (keys.verify(text, { keyId, signature }) !== "VALID") continue;
    told.set(chainId, (told.get(chainId) ?? new Map<number, string>()).set(sequence, hash));
  }
  return told;
}

const isTime = (value: unknown): value is string => typeof value === "string" && !Number.isNaN(Date.parse(value));

function headIn(line: string): Record<string, unknown> | undefined {
  if (!line.includes('"auditHead"')) return undefined;
  try {
    const { auditHead } = JSON.parse(line) as { auditHead?: unknown };
    return typeof auditHead === "object" && auditHead !== null ? (auditHead as Record<string, unknown>) : undefined;
  } catch {
    // A line that was cut off when the process died.
    return undefined;
  }
}
