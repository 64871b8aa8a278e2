import type { Caller } from "../../auth/caller";
import type { Keyring } from "../../platform/secrets/keyring";
import type { DocumentContent } from "./document.input";

/** The path of downloads, followed by the document's id. */
export const downloadPath = "/documents";

const linkLifetimeMs = 5 * 60 * 1_000;

const purpose = "links to documents";

export interface DocumentLink {
  readonly documentId: string;
  /** The API key whose permissions the link depends on; undefined if an administrator requested it. */
  readonly keyId: string | undefined;
}

/** Makes and verifies the signed links for downloads. */
export class DocumentLinks {
  constructor(private readonly keyring: Keyring) {}

  make(documentId: string, caller: Caller): DocumentContent {
    // In whole seconds, like the link.
    const expires = Math.floor((Date.now() + linkLifetimeMs) / 1_000);
    const keyId = caller.kind === "API_KEY" ? caller.keyId : "";
    const signature = this.keyring.sign(signedText(documentId, String(expires), keyId), purpose);
    const search = new URLSearchParams({ expires: String(expires), ...(keyId !== "" && { key: keyId }), signature });
    return { url: `${downloadPath}/${documentId}?${search.toString()}`, expiresAt: new Date(expires * 1_000) };
  }

  /** @returns undefined if the link is invalid or expired */
  read(documentId: string, search: Readonly<Record<string, unknown>>): DocumentLink | undefined {
    const { expires, key = "", signature } = search;
    if (typeof expires !== "string" || typeof key !== "string" || typeof signature !== "string") return undefined;
    if (!this.keyring.hasSigned(signedText(documentId, expires, key), purpose, signature)) return undefined;
    if (Date.now() >= Number(expires) * 1_000) return undefined;
    return { documentId, keyId: key === "" ? undefined : key };
  }
}

const signedText = (documentId: string, expires: string, keyId: string): string =>
  JSON.stringify([documentId, expires, keyId]);
