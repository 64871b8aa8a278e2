import type { Caller } from "../../auth/caller";
import type { Keyring } from "../../platform/secrets/keyring";
import type { DocumentContent } from "./document.input";

/** Where documents are downloaded from, followed by the document's id. */
export const downloadPath = "/documents";

/** How long a link can be used, in milliseconds. */
const lifetime = 5 * 60 * 1_000;

const purpose = "links to documents";

/** Whom a link was made for. */
export interface DocumentLink {
  readonly documentId: string;
  /** Of the API key whose rights it rests on; undefined where an administrator has asked for it. */
  readonly keyId: string | undefined;
}

/** Makes the links by which documents are downloaded, and knows them again. */
export class DocumentLinks {
  constructor(private readonly keyring: Keyring) {}

  make(documentId: string, caller: Caller): DocumentContent {
    // Whole seconds, as they stand in the link.
    const expires = Math.floor((Date.now() + lifetime) / 1_000);
    const keyId = caller.kind === "API_KEY" ? caller.keyId : "";
    const signature = this.keyring.sign(signedText(documentId, String(expires), keyId), purpose);
    const search = new URLSearchParams({ expires: String(expires), ...(keyId !== "" && { key: keyId }), signature });
    return { url: `${downloadPath}/${documentId}?${search.toString()}`, expiresAt: new Date(expires * 1_000) };
  }

  /** @returns undefined where it is no link of ours, or not any more */
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
