import { createHash } from "node:crypto";
import type { SigningKeys } from "../../platform/secrets/signing-keys";
import { signedTexts } from "./audit-hash";
import type { AuditSource } from "./audit-source";

export interface ExportCounts {
  chains: number;
  entries: number;
}

/**
 * The lines of an export, each a record as JSON: what the file is, the records of each chain, and at the end a signed
 * digest of all lines before it.
 *
 * @param appId if only one chain is exported
 */
export async function* exportLines(
  source: AuditSource,
  keys: SigningKeys,
  appId: string | undefined,
  counts: ExportCounts,
): AsyncGenerator<string> {
  const digest = createHash("sha256");
  const lineOf = (record: object): string => {
    const line = `${JSON.stringify(record)}\n`;
    digest.update(line);
    return line;
  };
  const { publicKeys } = keys;
  yield lineOf({ type: "audit", format: 1, exportedAt: new Date().toISOString(), appId: appId ?? null, publicKeys });
  for await (const chainId of appId === undefined ? source.chainIds() : [appId]) {
    const head = await source.headOf(chainId);
    if (!head) continue;
    counts.chains += 1;
    for await (const record of source.records(head)) {
      if (record.type === "entry") counts.entries += 1;
      yield lineOf(record);
    }
  }
  const sha256 = digest.digest("hex");
  yield `${JSON.stringify({ type: "end", ...counts, sha256, ...keys.sign(signedTexts.export(sha256)) })}\n`;
}
