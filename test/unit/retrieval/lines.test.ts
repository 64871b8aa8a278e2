import { detectMediaType, passagesOf } from "../../../src/retrieval/extraction/content";

/** The text that is searched for each passage of a file. */
async function searched(text: string): Promise<string[]> {
  const bytes = Buffer.from(text);
  const type = await detectMediaType(bytes, true);
  if (type === undefined) throw new Error("the type is not supported");
  const found: string[] = [];
  for await (const { quote, searchText } of await passagesOf(bytes, type)) found.push(searchText ?? quote);
  return found;
}

const objects = ['{"id":1,"city":"Oslo"}', '{"id":2,"city":"Rome"}', '{"id":3,"city":"Lima"}'];
const [first = "", ...others] = objects;

test.each([
  ["a line that is none", [first, "oops, it broke", ...others]],
  ["a comment above", ["# export", ...objects]],
  ["a line that is cut off", [...objects, '{"id":4,']],
])("lines of JSON with %s yield a passage for each line", async (_, lines) => {
  expect(await searched(`${lines.join("\n")}\n`)).toEqual(lines);
});

test("lines of JSON may end with commas, and stand in brackets", async () => {
  const lines = objects.map((line) => `${line},\n`).join("");
  expect(await searched(lines)).toEqual(objects);
  expect(await searched(`[\n${lines}]\n`)).toEqual(objects);
});

test("no object of JSON is taken for the names of columns", async () => {
  expect(await searched('{"a":1,"b":2}\noops, x\n{"a":2,"b":3\n{"a":2,"b"\n')).toContain('{"a":1,"b":2}');
});

test.each([
  ["of syslog (RFC 5424)", "<34>1 2026-11-28T10:17:00Z host app - - -"],
  ["of syslog (RFC 3164)", "<34>Nov 28 10:17:00 host app:"],
  ["after the name of a program", "[app] 2026-11-28 10:17:00"],
  ["with a time without signs", "20261128 101700"],
  ["of access from IPv6", `2001:db8::1 - - [28/Nov/2026:10:17:00 +0000] "GET /"`],
  ["of access from hosts with names", `host.example.org - ada [28/Nov/2026:10:17:00 +0000] "GET /"`],
])("entries of a log %s are passages of their own", async (_, start) => {
  const entries = ["began", "failed", "ended"].map((event) => `${start} ${event}`);
  expect(await searched(entries.join("\n"))).toEqual(entries);
});

test("the colours of a log are no part of its words", async () => {
  const entries = ["began", "failed", "ended"].map((event) => `\u001b[1;32m2026-11-28 10:17:00\u001b[0mINFO ${event}`);
  expect(await searched(entries.join("\n"))).toEqual(
    ["began", "failed", "ended"].map((event) => `2026-11-28 10:17:00INFO ${event}`),
  );
});

const fields = "From: Ada <a@example.org>\nSubject: Barn\nContent-Transfer-Encoding: quoted-printable\n";

test.each([
  ["few fields", fields],
  ["an empty line above", `\r\n${fields}`],
  ["a byte order mark", `\ufeff${fields}`],
  ["the line of a mailbox, quoted", `>From a@example.org Mon Mar  2 09:30:00 2026\n${fields}`],
  ["a line that is no field", fields.replace("Subject", "this is no field\nSubject")],
])("a mail with %s is decoded", async (_, head) => {
  expect(await searched(`${head}\nThe barn is r=\r\ned.\n`)).toEqual([
    "Subject: Barn",
    "From: Ada <a@example.org>",
    "The barn is red.",
  ]);
});
