import { randomBytes } from "node:crypto";
import { encode } from "iconv-lite";
import { decoded } from "../../../src/retrieval/extraction/encoding";

const japanese = "納屋は赤いです。\n丘の上にあります。";
const chinese = "谷仓是红色的。房子是白色的。";
const russian = "Сарай красный.\r\nКлючи лежат под ковриком, ключ 12.";
const korean = "헛간은 빨간색입니다.\n";

test.each(["utf-16le", "utf-16be"])("a text in %s without a mark is decoded in any script", (encoding) => {
  for (const text of [japanese, chinese, russian, korean, "Die Scheune gehört uns."]) {
    expect(decoded(encode(text, encoding), true)).toBe(text);
  }
});

test.each([
  ["gbk", "谷仓是红色的。"],
  ["gbk", "房子"],
  ["euc-jp", "納屋は赤いです。"],
  ["shift_jis", "納屋は赤いです。"],
  ["shift_jis", "東京都港区"],
  ["euc-kr", "헛간은 빨간색입니다."],
  ["big5", "穀倉是紅色的。"],
])("a short text in %s is decoded: %s", (encoding, text) => {
  expect(decoded(encode(text, encoding), true)).toBe(text);
});

test.each([
  ["zeros at its end", "The barn is red.\n\0\0"],
  ["Ctrl+Z before the last end of a line", "The barn is red.\u001a\r\n"],
  ["the character of the delete key", "The barn\u007f is red."],
])("a text with %s is text without it", (_, text) => {
  expect(decoded(Buffer.from(text), true)?.trim()).toBe("The barn is red.");
});

test.each([
  ["zeros", Buffer.alloc(100)],
  ["a byte", Buffer.from([0xff])],
  ["zeros within a text", Buffer.from("The barn\0\0is red.")],
  ["random bytes", randomBytes(1_000)],
])("%s are no text", (_, bytes) => {
  expect(decoded(bytes, true)).toBeUndefined();
});
