import type { AdministratorIdentity, Caller } from "../../auth/caller";
import type { Keyring } from "../../platform/secrets/keyring";
import type { DocumentContent } from "./document.input";

/** The path of downloads, followed by the document's id. */
export const downloadPath = "/documents";

const linkLifetimeMs = 5 * 60 * 1_000;

const purpose = "links to documents";

export interface DocumentLink {
  readonly documentId: string;
  /** Whose rights the link depends on: an API key or an administrator by name; undefined if the root key requested it. */
  readonly holder: LinkHolder | undefined;
}

export type LinkHolder = { readonly keyId: string } | AdministratorIdentity;

/** Makes and verifies the signed links for downloads. */
export class DocumentLinks {
  constructor(private readonly keyring: Keyring) {}

  make(documentId: string, caller: Caller): DocumentContent {
    // In whole seconds, like the link.
    const expires = Math.floor((Date.now() + linkLifetimeMs) / 1_000);
    const key = textOf(caller);
    const signature = this.keyring.sign(signedText(documentId, String(expires), key), purpose);
    const search = new URLSearchParams({ expires: String(expires), ...(key !== "" && { key }), signature });
    return { url: `${downloadPath}/${documentId}?${search.toString()}`, expiresAt: new Date(expires * 1_000) };
  }

  /** @returns undefined if the link is invalid or expired */
  read(documentId: string, search: Readonly<Record<string, unknown>>): DocumentLink | undefined {
    const { expires, key = "", signature } = search;
    if (typeof expires !== "string" || typeof key !== "string" || typeof signature !== "string") return undefined;
    if (!this.keyring.hasSigned(signedText(documentId, expires, key), purpose, signature)) return undefined;
    if (Date.now() >= Number(expires) * 1_000) return undefined;
    return { documentId, holder: holderOf(key) };
  }
}

/** The id of a key; or that of an administrator, a dot and the version of its key. Empty for the root key. */
function textOf(caller: Caller): string {
  if (caller.kind === "API_KEY" && !caller.console) return caller.keyId;
  const identity = caller.kind === "ADMIN" ? caller.identity : (caller.console?.identity ?? null);
  return identity === null ? "" : `${identity.administratorId}.${identity.keyVersion}`;
}

function holderOf(text: string): LinkHolder | undefined {
  const [id = "", version] = text.split(".");
  if (version !== undefined) return { administratorId: id, keyVersion: Number(version) };
  return id === "" ? undefined : { keyId: id };
}

const signedText = (documentId: string, expires: string, key: string): string =>
  JSON.stringify([documentId, expires, key]);
