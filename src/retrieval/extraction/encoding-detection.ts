import { analyse } from "chardet";
import { decode } from "iconv-lite";

/** Encodings of two bytes for a character, with the first bytes of the characters that occur most. */
const doubleByteEncodings = [
  {
    label: "shift_jis",
    isSingle: (byte: number) => byte >= 0xa1 && byte <= 0xdf,
    common: [
      [0x81, 0x83],
      [0x88, 0x97],
    ],
  },
  {
    label: "euc-jp",
    isSingle: () => false,
    common: [
      [0xa1, 0xa5],
      [0xb0, 0xcf],
    ],
  },
  { label: "euc-kr", isSingle: () => false, common: [[0xb0, 0xc8]] },
  {
    label: "gb18030",
    isSingle: () => false,
    common: [
      [0xa1, 0xa3],
      [0xb0, 0xd7],
    ],
  },
  {
    label: "big5",
    isSingle: () => false,
    common: [
      [0xa1, 0xa3],
      [0xa4, 0xc6],
    ],
  },
] as const;

const singleByteEncodings = [
  "windows-1252",
  "windows-1250",
  "windows-1251",
  "windows-1253",
  "windows-1254",
  "windows-1255",
  "windows-1256",
  "windows-1257",
  "iso-8859-2",
  "koi8-r",
  "ibm866",
  "cp850",
  "macintosh",
] as const;

/** The letters that four of five are among in texts of a script. */
const frequentLetters = [
  [/\p{sc=Cyrillic}/gu, /[оеаинтсрвлкмдпуяьы]/giu],
  [/\p{sc=Greek}/gu, /[αεητιοσςνρκπυάέήίόύώλμ]/giu],
] as const;

/** Of the best possible 1, with the confidence of the statistical detector. */
const minPlausibility = 0.4;

/** A text in Japanese has kana. One of Han characters alone is more likely in Chinese, whose encoding has the same bytes. */
const kanaPenalty = 0.25;

/** Most texts that are not in Unicode are in this encoding, and short ones may be read as several. */
const windows1252Bonus = 0.15;

/**
 * Detects the encoding of a text that is not in Unicode, by the characters that each encoding would make of it.
 *
 * @param sample may end within a character
 * @returns undefined if it is no text in any of them
 */
export function detectEncoding(sample: Buffer): string | undefined {
  const confidence = new Map<string, number>();
  for (const { name, confidence: percent } of analyse(sample)) {
    const label = name.toLowerCase() === "iso-8859-1" ? "windows-1252" : name.toLowerCase();
    confidence.set(label, Math.max(confidence.get(label) ?? 0, percent / 250));
  }
  const scored = [
    ...doubleByteEncodings.map(({ label }) => ({ label, plausibility: doubleByteScore(sample, label) })),
    ...singleByteEncodings.map((label) => ({ label, plausibility: singleByteScore(sample, label) })),
  ].map(({ label, plausibility }) => ({ label, score: plausibility + (confidence.get(label) ?? 0) }));
  const best = scored.reduce((one, other) => (other.score > one.score ? other : one));
  return best.score >= minPlausibility ? best.label : undefined;
}

/** The share of characters beyond ASCII that are frequent in the encoding, less those that stand beside Latin letters. */
function doubleByteScore(sample: Buffer, label: (typeof doubleByteEncodings)[number]["label"]): number {
  const text = decode(sample, label);
  const encoding = doubleByteEncodings.find((each) => each.label === label);
  // Only the last character may be cut off.
  if (!encoding || text.slice(0, -1).includes("\ufffd")) return -1;
  let [characters, common] = [0, 0];
  for (let i = 0; i < sample.length; i++) {
    const lead = sample[i] ?? 0;
    if (lead < 0x80) continue;
    characters++;
    if (encoding.isSingle(lead)) continue;
    const isFrequent = encoding.common.some(([from, to]) => lead >= from && lead <= to);
    if (isFrequent && (label !== "gb18030" || (sample[i + 1] ?? 0) >= 0xa1)) common++;
    i++;
  }
  // One alone may be a sign of another encoding that happens to be followed by a letter.
  if (characters < 2) return -1;
  const kana = text.match(/[\p{sc=Hiragana}\p{sc=Katakana}]/gu)?.length ?? 0;
  const hangul = text.match(/\p{sc=Hangul}/gu)?.length ?? 0;
  const isOfLanguage = { shift_jis: kana, "euc-jp": kana, "euc-kr": hangul, gb18030: 0, big5: 0 }[label];
  const beside = text.match(/[a-z](?=[^\p{ASCII}])|[^\p{ASCII}](?=[a-z])/giu)?.length ?? 0;
  const share = (count: number) => count / Math.max(1, characters);
  const foreign = label === "gb18030" || label === "big5" ? share(kana + hangul) : 0;
  const isJapanese = label === "shift_jis" || label === "euc-jp";
  const lacking = isJapanese && kana === 0 ? kanaPenalty : 0;
  return share(common) - share(beside) - foreign - lacking + 0.2 * share(isOfLanguage);
}

/** The share of characters beyond ASCII that stand where they may stand in a text. */
function singleByteScore(sample: Buffer, label: string): number {
  const text = decode(sample, label);
  // No text has the control characters of ISO 6429.
  if (/[\u0080-\u009f\ufffd]/.test(text)) return -1;
  let [characters, sound] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character <= "\u007f") continue;
    characters++;
    sound += soundness(text.charAt(i - 1), character, text.charAt(i + 1));
  }
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const accented = text.match(/[^\p{ASCII}\P{sc=Latin}]/gu)?.length ?? 0;
  // A byte alone is no text.
  if (text.length < 2) return -1;
  const isAccented = accented > letters * 0.45 ? -0.7 : 0;
  const rareness = frequentLetters.map(([script, frequent]) => {
    const inScript = text.match(script)?.length ?? 0;
    return inScript === 0 ? 0 : (text.match(frequent)?.length ?? 0) / inScript - 0.8;
  });
  const isRare = Math.min(...rareness);
  return sound / Math.max(1, characters) + isAccented + isRare + (label === "windows-1252" ? windows1252Bonus : 0);
}

/** From -2, if a character can't stand between these two, to 1. */
function soundness(before: string, character: string, after: string): number {
  const isLetter = (other: string) => /\p{L}/u.test(other);
  if (!isLetter(character)) {
    const isForeign = (other: string) => isLetter(other) && other > "\u007f";
    const isWithinWord = (isLetter(before) && isLetter(after)) || isForeign(before) || isForeign(after);
    if (/[’‘´·–—“”„«»…]/.test(character)) return 0.9;
    if (isWithinWord) return -2;
    return /[\u00a0°€£§©®¿¡¢¥µ±×²³¼½¾•№ªº]/.test(character) ? 0.7 : -0.5;
  }
  if (/\p{Lu}/u.test(character) && /\p{Ll}/u.test(before)) return -2;
  // A word is written in one script.
  const isLatin = (other: string) => /\p{sc=Latin}/u.test(other);
  if (isLetter(before) && isLatin(before) !== isLatin(character)) return -2;
  return 1;
}
