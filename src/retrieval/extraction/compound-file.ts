import { isCompoundFile } from "./head";

const encryptedStream = Buffer.from("EncryptedPackage\0", "utf16le");

/** Entries of the directory begin with their names, at multiples of their size ([MS-CFB], section 2.6). */
const entryBytes = 128;

/** Whether a file is an Office document with a password, which Office puts into a compound file ([MS-OFFCRYPTO]). */
export function isEncryptedOffice(bytes: Buffer): boolean {
  if (!isCompoundFile(bytes)) return false;
  for (let at = bytes.indexOf(encryptedStream); at >= 0; at = bytes.indexOf(encryptedStream, at + 1)) {
    if (at % entryBytes === 0) return true;
  }
  return false;
}
