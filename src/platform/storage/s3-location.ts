/** A place in a store that speaks the protocol of Amazon S3. */
export interface S3Location {
  readonly bucket: string;
  /** Of the objects' names: empty, or with a slash at its end. */
  readonly prefix: string;
  /** Such as `https://s3.eu-central-1.amazonaws.com`, without the bucket. */
  readonly endpoint: string;
  readonly region: string;
  /** Whether the bucket stands in the path, not in the host's name. */
  readonly pathStyle: boolean;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

const bucketShape = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const prefixShape = /^(?:[A-Za-z0-9_.-]+\/)*$/;
const regionShape = /^[a-z0-9-]{1,64}$/;
const settings = ["endpoint", "region", "pathStyle"];

/**
 * Reads `s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=us-east-1&pathStyle=true`, of which all but the bucket
 * may be left away.
 *
 * @returns undefined where the text is something else, such as one with credentials in it
 */
export function s3LocationOf(text: string): S3Location | undefined {
  if (!/^s3:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const { hostname: bucket, username, password, port, pathname, searchParams, hash } = new URL(text);
  const names = [...searchParams.keys()];
  const isKnown = names.every((name) => settings.includes(name)) && new Set(names).size === names.length;
  if (username !== "" || password !== "" || port !== "" || hash !== "" || !isKnown) return undefined;

  const prefix = pathname.replace(/^\//, "").replace(/([^/])$/, "$1/");
  const region = searchParams.get("region") ?? "us-east-1";
  const given = searchParams.get("endpoint");
  const endpoint = given === null ? `https://s3.${region}.amazonaws.com` : originOf(given);
  const style = searchParams.get("pathStyle") ?? String(given !== null);
  if (!bucketShape.test(bucket) || !prefixShape.test(prefix) || /(?:^|\/)\.\.?\//.test(prefix)) return undefined;
  if (!regionShape.test(region) || endpoint === undefined || !/^(?:true|false)$/.test(style)) return undefined;
  return { bucket, prefix, endpoint, region, pathStyle: style === "true" };
}

/** Of an address that has nothing but an origin. */
function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin, href } = new URL(text);
  return /^https?:$/.test(protocol) && href === `${origin}/` ? origin : undefined;
}
