import { z } from "zod";
import { list, name } from "../../schema-types/rules";

const maxTags = 20;
export const maxTagChars = 64;

export const tagsDescription = `At most ${maxTags} tags of 1 to ${maxTagChars} characters, in the order given; each counts once.`;

const tag = name(maxTagChars);

/** The rule of a list of tags. */
export const tagList = list("tags", maxTags).pipe(z.array(tag));

/** Each tag once, as the rule for names writes it. */
export const normalizedTags = (tags: readonly string[]): string[] => [...new Set(tags.map((each) => tag.parse(each)))];
