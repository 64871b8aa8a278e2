import { urlOf } from "../url";

/** A prefix in a bucket of an S3-compatible store. */
export interface S3Location {
  readonly bucket: string;
  /** Prefix of the names of objects; empty, or with a slash at its end. */
  readonly prefix: string;
  /** Such as `https://s3.eu-central-1.amazonaws.com`, without the bucket. */
  readonly endpoint: string;
  readonly region: string;
  /** Whether the bucket is in the path of URLs instead of the host name. */
  readonly pathStyle: boolean;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const prefixPattern = /^(?:[A-Za-z0-9_.-]+\/)*$/;
const regionPattern = /^[a-z0-9-]{1,64}$/;
const parameters = ["endpoint", "region", "pathStyle"];

/**
 * Parses `s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=us-east-1&pathStyle=true`. Only the bucket is
 * required.
 *
 * @returns undefined if the text is invalid, for example if it has credentials
 */
export function s3LocationOf(text: string): S3Location | undefined {
  const url = /^s3:\/\//.test(text) ? urlOf(text) : undefined;
  if (!url) return undefined;
  const { hostname: bucket, username, password, port, pathname, searchParams, hash } = url;
  const names = [...searchParams.keys()];
  const isKnown = names.every((name) => parameters.includes(name)) && new Set(names).size === names.length;
  if (username !== "" || password !== "" || port !== "" || hash !== "" || !isKnown) return undefined;

  const prefix = pathname.replace(/^\//, "").replace(/([^/])$/, "$1/");
  const region = searchParams.get("region") ?? "us-east-1";
  const customEndpoint = searchParams.get("endpoint");
  const endpoint = customEndpoint === null ? `https://s3.${region}.amazonaws.com` : originOf(customEndpoint);
  const pathStyle = searchParams.get("pathStyle") ?? String(customEndpoint !== null);
  if (!bucketPattern.test(bucket) || !prefixPattern.test(prefix) || /(?:^|\/)\.\.?\//.test(prefix)) return undefined;
  if (!regionPattern.test(region) || endpoint === undefined || !/^(?:true|false)$/.test(pathStyle)) return undefined;
  return { bucket, prefix, endpoint, region, pathStyle: pathStyle === "true" };
}

/** @returns undefined if the URL has more than an origin */
function originOf(text: string): string | undefined {
  const url = urlOf(text);
  if (!url) return undefined;
  const { protocol, origin, href } = url;
  return /^https?:$/.test(protocol) && href === `${origin}/` ? origin : undefined;
}
