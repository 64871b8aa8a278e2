import { SaxesParser } from "saxes";

export interface ListedObjects {
  readonly objects: readonly { readonly key: string; readonly writtenAt: number }[];
  /** Where the listing goes on; undefined where this was the last of it. */
  readonly continuation: string | undefined;
}

/** Reads a page of what `ListObjectsV2` answers. */
export function listedObjects(xml: string): ListedObjects {
  const objects: { key: string; writtenAt: number }[] = [];
  let continuation: string | undefined;
  const within: string[] = [];
  let text = "";
  let [key, writtenAt] = ["", NaN];

  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name }) => {
    if (within.length === 0 && name !== "ListBucketResult") throw new Error("The store does not answer as S3 does");
    within.push(name);
    text = "";
  });
  parser.on("text", (more) => (text += more));
  parser.on("closetag", () => {
    const path = within.join("/");
    within.pop();
    if (path === "ListBucketResult/Contents/Key") key = text;
    else if (path === "ListBucketResult/Contents/LastModified") writtenAt = Date.parse(text);
    else if (path === "ListBucketResult/Contents") objects.push({ key, writtenAt });
    else if (path === "ListBucketResult/NextContinuationToken") continuation = text;
  });
  parser.write(xml).close();
  return { objects, continuation };
}
