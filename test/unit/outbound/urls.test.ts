import { urlFault } from "../../../src/platform/outbound/url-validation";
import { urlOf } from "../../../src/platform/url";

test("a URL whose host is not in ASCII is accepted however often it is checked", () => {
  // URL.canParse() of Node.js 20 and 22 refuses it once it is compiled, after some thousand calls.
  for (let i = 0; i < 20_000; i++) expect(urlFault("http://bücher.example/x")).toBeUndefined();
  expect(urlOf("http://bücher.example/x")?.host).toBe("xn--bcher-kva.example");
});

test.each(["", "x", "//host", "http://", "http://host:65536", "http://[::1"])("%s is no URL", (text) => {
  expect(urlOf(text)).toBeUndefined();
});
