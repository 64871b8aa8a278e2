/** The type of a file is detected from its first bytes; the formats that list their parts elsewhere must be whole. */
export const maxHeadBytes = 64 * 1_024;

/** Whether a file that begins with these bytes may be an archive. */
export const isArchive = (bytes: Buffer): boolean => bytes.subarray(0, 2).toString() === "PK";

const compoundFileMark = Buffer.from("d0cf11e0a1b11ae1", "hex");

/** Whether a file that begins with these bytes is of the format of old Office programs. */
export const isCompoundFile = (bytes: Buffer): boolean => bytes.subarray(0, 8).equals(compoundFileMark);
