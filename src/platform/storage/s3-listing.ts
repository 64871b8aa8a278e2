import { SaxesParser } from "saxes";

export interface ListedObjects {
  readonly objects: readonly { readonly key: string; readonly writtenAt: number }[];
  /** The token of the next page; undefined on the last page. */
  readonly continuation: string | undefined;
}

/** Parses the response of `ListObjectsV2`. */
export function parseListing(xml: string): ListedObjects {
  const objects: { key: string; writtenAt: number }[] = [];
  let continuation: string | undefined;
  const openTags: string[] = [];
  let text = "";
  let [key, writtenAt] = ["", NaN];

  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name }) => {
    if (openTags.length === 0 && name !== "ListBucketResult")
      throw new Error("The response is not a listing of an S3 bucket");
    openTags.push(name);
    text = "";
  });
  parser.on("text", (chunk) => (text += chunk));
  parser.on("closetag", () => {
    const path = openTags.join("/");
    openTags.pop();
    if (path === "ListBucketResult/Contents/Key") key = text;
    else if (path === "ListBucketResult/Contents/LastModified") writtenAt = Date.parse(text);
    else if (path === "ListBucketResult/Contents") objects.push({ key, writtenAt });
    else if (path === "ListBucketResult/NextContinuationToken") continuation = text;
  });
  parser.write(xml).close();
  return { objects, continuation };
}
