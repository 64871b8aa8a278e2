import { shellQuote } from "../../../src/platform/process/shell-quote";
import { inShell } from "../../support/shell";

test.each(["plain", "/a/path-1.key", "", "two words", "it's", '$(false) `x` \\ "y" *', "line\nfeed"])(
  "a shell reads %p back as one word",
  async (text) => {
    expect(await inShell(`printf '[%s]' ${shellQuote(text)}`)).toBe(`[${text}]`);
  },
);

test("a word without special characters is not quoted", () => {
  expect(shellQuote("/var/lib/latchkey/admin.key")).toBe("/var/lib/latchkey/admin.key");
});
