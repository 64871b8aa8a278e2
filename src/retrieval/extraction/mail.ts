import { decode } from "iconv-lite";
import PostalMime, { type Address, type Email } from "postal-mime";
import { skippedChars } from "./mail-format";
import { headingSeparator, type Passage } from "./passage";
import { markdownPassages, plainPassages } from "./prose";
import { damaged } from "./unreadable-error";
import { readableText } from "./web-page";

/**
 * The fields that people read, and the text of a mail, or of each mail of a mailbox, under its subject. Files that are
 * attached are named, but not read.
 */
export async function* mailPassages(bytes: Buffer): AsyncGenerator<Passage> {
  for (const mail of mailsOf(bytes)) {
    const email = await PostalMime.parse(mail, { attachmentEncoding: "arraybuffer" }).catch(damaged);
    yield* passagesOf(email);
  }
}

function* mailsOf(bytes: Buffer): Generator<Buffer> {
  // A character for each byte.
  const file = bytes.toString("latin1");
  const text = file.slice(skippedChars(file));
  if (!text.startsWith("From ")) {
    yield Buffer.from(text, "latin1");
    return;
  }
  for (const mail of text.split(/(?:^|(?<=\n\r?\n))From \S[^\n]{0,90}\n/)) {
    if (mail.trim() !== "") yield Buffer.from(mail, "latin1");
  }
}

function* passagesOf(email: Email): Generator<Passage> {
  const { subject, from, to = [], cc = [], date, attachments } = email;
  const heading = subject === undefined || subject.trim() === "" ? {} : { heading: subject };
  const field = (name: string, value: string | undefined) =>
    value === undefined || value === "" ? [] : [{ quote: `${name}: ${value}`.replace(/\s+/g, " ") }];
  yield* field("Subject", subject);
  yield* field("From", from && namesOf([from]));
  yield* field("To", namesOf(to));
  yield* field("Cc", namesOf(cc));
  yield* field("Date", date);
  for (const passage of textOf(email)) {
    yield { ...passage, heading: [subject, passage.heading].filter(Boolean).join(headingSeparator) };
  }
  for (const { filename } of attachments) if (filename !== null) yield { quote: `Attachment: ${filename}`, ...heading };
}

/** The text of a mail, or its page, if the text is only a part of that. */
function textOf({ text = "", html = "" }: Email): Iterable<Passage> {
  const plain = windows1252(text).trim();
  if (html === "") return plainPassages(plain);
  const page = readableText(windows1252(html));
  return plain.length < page.trim().length / 2 ? markdownPassages(page) : plainPassages(plain);
}

const namesOf = (addresses: readonly Address[]): string =>
  addresses
    .flatMap((each) => each.group ?? [each])
    .map(({ name, address }) => (name === "" ? address : `${name} <${address}>`))
    .join(", ");

/** Some versions of Node.js decode the typographic signs of this encoding as control characters. */
const windows1252 = (text: string): string =>
  text.replace(/[\u0080-\u009f]/g, (sign) => decode(Buffer.from(sign, "latin1"), "windows-1252"));
