import { sentencesOf } from "../extraction/sentences";
import { isCommon } from "./common-words";
import { type Language, languageNamed, languageOf, termOf, wordsOf } from "./language";
import type { PassageIndex } from "./passage-index";

/** The rest of a longer question is ignored. */
const maxWords = 500;

const maxQuestionChars = 10_000;

const english = languageNamed("english");

export interface QuestionWord {
  readonly word: string;
  /** A number, or a word that is written as a name: what has it not is about something else. */
  readonly isName: boolean;
  /** Whether an answer may well be without it. */
  readonly isCommon: boolean;
  /** The number of the sentence that it is in, as a message may have more than its question. */
  readonly sentence: number;
}

/** The words of a question without those that occur in every text. */
export interface Question {
  readonly words: readonly QuestionWord[];
  /** The words of earlier questions, if this one refers to them. They only tell passages that match apart. */
  readonly context: readonly string[];
}

/** Words that ask, or ask to be answered, and are in no list of stop words. */
const askingWords = new Set(
  `a i o e y u à every each это please tell show give explain describe know find say said want need let question answer many much one ones exactly happen happens happened mean means called get got go goes does do per allow allowed possible
  bitte sag sagen zeig nenne wann wer wen wem wessen warum wieso weshalb woher wohin wieviel wieviele lang lange heißt gilt gibt
  finde finden findet
  combien quel quelle quels quelles comment pourquoi quand où dire dites faut peut est-ce
  cuánto cuánta cuántos cuántas cuál cuáles cómo dónde cuándo quién qué puede hay
  сколько какой какая какое какие каком какую кто что где когда почему зачем скажите можно нужно
  何 何時 何処 何色 何人 何年 何月 何日 何本 何枚 何回 いつ どこ 誰 だれ いくら いくつ どの どれ どんな どう なぜ ですか ますか ください 教え
  什么 哪里 哪儿 哪 哪个 哪些 多少 谁 几 几点 怎么 怎样 为什么 吗 呢 请问 什么时候 多久 多长`
    .split(/\s+/)
    .filter(Boolean),
);

/** Words that stand for what was spoken of before, or go on from it. */
const referringWords = new Set(
  `it its itself they them their theirs he him his she her hers that this those these there one ones and also then
  er ihn ihm ihr ihre ihren sein seine seinen es sie dessen deren dort dies diese dieser dieses das davon dazu dafür und auch
  il elle ils elles lui leur leurs cela ça celui celle ceux y en et aussi son sa ses
  él ella ellos ellas ello lo los su sus eso esto esa ese allí y también
  он она оно они его её ее их него неё них этот эта это эти там и а
  それ これ その この あれ あの そこ ここ 彼 彼女 では
  它 它们 他 她 他们 这 那 这个 那个 那里`
    .split(/\s+/)
    .filter(Boolean),
);

const wordsIn = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter(Boolean));

/** Words that only join a question to the one before it, or are something else in another language. */
const joiningWords = wordsIn("and also und auch et aussi y en también и а では es lo los son sein");

/** Words that go on from the question before: "And so?" */
const openingWords = wordsIn("and also so then und auch also et aussi alors y también entonces и а так");

const moreWords = wordsIn(
  `more else further another other others mehr noch weitere weiteres weiterer anderes andere
  plus encore autre autres más otro otra otros otras ещё еще больше другие もっと 他 更多 还有 别的`,
);

/** Words for the one who is asked: such a question is about the agent, unless it is a request. */
const addressingWords = wordsIn(
  `you your yours yourself du dich dir dein deine deinen euch tu te toi vous votre usted ustedes tú ты вы тебя тебе вас вам
  あなた 你 您 你们`,
);
const politeAddress = /(?<=[\p{L},] )(?:Sie|Ihnen|Ihre?|Ihren)(?!\p{L})/u;
const requestingWords = wordsIn(
  `tell show give explain describe say mean erklären erkläre sagen zeigen expliquer dire explicar decir объяснить сказать
  рассказать 教え 告诉 解释`,
);

/** Whether a question without words of its own asks about what the one before it was about: "And that one?" */
function isFollowUp(text: string, words: readonly string[]): boolean {
  const hasMore = words.some((word) => moreWords.has(word));
  const isReferring = words.some((word) => referringWords.has(word) && !joiningWords.has(word));
  const isAddressing = politeAddress.test(text) || words.some((word) => addressingWords.has(word));
  if (hasMore || (isReferring && words.some((word) => requestingWords.has(word)))) return true;
  return !isAddressing && (isReferring || openingWords.has(words[0] ?? ""));
}

/**
 * @param earlier the previous questions, oldest first
 */
export function questionOf(indexes: readonly PassageIndex[], text: string, earlier: readonly string[]): Question {
  const asked = text.slice(0, maxQuestionChars);
  const words = contentOf(indexes, asked);
  const all = wordsOf(asked).map((word) => word.toLowerCase());
  const hasOwn = words.some(({ word }) => !moreWords.has(word.toLowerCase()));
  if (hasOwn ? !all.some((word) => referringWords.has(word)) : !isFollowUp(asked, all)) return { words, context: [] };

  let charsLeft = maxQuestionChars;
  const context: QuestionWord[] = [];
  for (const previous of earlier.toReversed()) {
    if (context.length > 0 || charsLeft <= 0) break;
    context.push(...contentOf(indexes, previous.slice(0, charsLeft)));
    charsLeft -= previous.length;
  }
  return hasOwn || context.length === 0
    ? { words, context: context.map(({ word }) => word) }
    : { words: context, context: [] };
}

/** The words of a text without stop words, one for each stem in a sentence. */
function contentOf(indexes: readonly PassageIndex[], text: string): QuestionWord[] {
  const written = wordsOf(text);
  const isShouted = written.length > 1 && written.every((word) => word === word.toUpperCase());
  const words = isShouted ? written.map((word) => word.toLowerCase()) : written;
  const [only] = words;
  if (only !== undefined && words.length === 1) {
    // A small word alone is asked for as an abbreviation: IT, WHO.
    const isSmall = !indexes.some(({ language }) => termOf(only, language) !== undefined);
    return [{ word: isSmall ? only.toUpperCase() : only, isName: false, isCommon: false, sentence: 0 }];
  }
  const names = isShouted ? new Set<string>() : namesIn(text);
  const language = questionLanguage(indexes, words);
  const found: QuestionWord[] = [];
  for (const [sentence, part] of [...sentencesOf(text)].entries()) {
    const stems = new Set<string>();
    for (const written of wordsOf(part)) {
      const lower = written.toLowerCase();
      const word = isShouted ? lower : written;
      const stem = language === undefined ? lower : termOf(word, language);
      if (stem === undefined || askingWords.has(lower) || isEnding(lower) || stems.has(stem)) continue;
      stems.add(stem);
      const isName = /^\p{N}/u.test(word) || (language?.name !== "german" && names.has(lower));
      found.push({ word, isName, isCommon: !isName && isCommon(word, language ?? english), sentence });
    }
  }
  return found.slice(0, maxWords);
}

/** Whether a word is an ending that was split off a word of Japanese. */
const isEnding = (word: string): boolean => /^\p{sc=Hiragana}{1,2}$/u.test(word);

/**
 * The language of a question, if its small words tell it. Some of them are other words in another language, so that a
 * language that no document is in needs several, and may not take all words away.
 */
function questionLanguage(indexes: readonly PassageIndex[], words: readonly string[]): Language | undefined {
  const weightOf = ({ name }: Language) => 1 + indexes.filter(({ language }) => language.name === name).length;
  const language = languageOf(words, weightOf);
  const small = words.filter((word) => language.stopwords.has(word.toLowerCase())).length;
  const isOfDocument = indexes.some((index) => index.language.name === language.name);
  if (isOfDocument && small > 0) return language;
  return small > 1 && small < words.length ? language : undefined;
}

/** The words, in lower case, that begin with a capital letter though no sentence begins with them. */
function namesIn(text: string): ReadonlySet<string> {
  const found = text.normalize("NFKC").matchAll(/(?<=[\p{L}\p{N},;]["“«(]?\s["“«(]?)\p{Lu}[\p{L}\p{N}\p{M}]+/gu);
  return new Set([...found].map(([word]) => word.toLowerCase()));
}
