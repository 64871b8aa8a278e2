import type { Archive } from "./archive";
import type { Passage } from "./passage";
import { markdownPassages } from "./prose";
import { damaged } from "./unreadable-error";
import { readableText } from "./web-page";

/**
 * The sentences of a DOCX, under its headings.
 *
 * @throws {UnreadableError}
 */
export async function* wordPassages(archive: Archive): AsyncGenerator<Passage> {
  const { convertToHtml, images } = await import("mammoth");
  const convertImage = images.imgElement(() => Promise.resolve({ src: "" }));
  const buffer = Buffer.from(await archive.repacked());
  const options = { convertImage, includeEmbeddedStyleMap: false };
  const { value } = await convertToHtml({ buffer }, options).catch(damaged);
  yield* markdownPassages(readableText(value));
}
