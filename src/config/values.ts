import { z } from "zod";
import { allowedHostsOf } from "../platform/outbound/allowed-hosts";
import { secretsKeyOf } from "../platform/secrets/keyring";
import { serverUrlOf, urlOf } from "../platform/url";

/** @param parse returns undefined for an invalid text */
export function parsedBy<Value>(parse: (text: string) => Value | undefined, message: string) {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

/** @param faultOf returns what is wrong with a text; undefined if it is valid */
export function checkedBy(faultOf: (text: string) => string | undefined) {
  return z.string().superRefine((text, context) => {
    const message = faultOf(text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });
}

export const integerBetween = (min: number, max: number) => {
  const message = `must be an integer from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
};

export const adminKey = z
  .string()
  .regex(/^[\x21-\x7e]*$/, "must have only printable ASCII characters and no spaces, as it is sent in an HTTP header")
  .min(24, "must have at least 24 characters")
  .refine((key) => !key.startsWith("latchkey_"), "must not start with latchkey_, as API keys do")
  .refine((key) => !key.startsWith("latchkeyadm_"), "must not start with latchkeyadm_, as administrators' keys do");

/** @returns why a key can't be the administrator's key; undefined if it can */
export const adminKeyError = (key: string): string | undefined => adminKey.safeParse(key).error?.issues[0]?.message;

export const secretsKey = parsedBy(
  secretsKeyOf,
  "must be 32 bytes in base64 or hexadecimal, such as the output of `openssl rand -base64 32`",
);

export const allowedHosts = parsedBy(
  allowedHostsOf,
  "must be a comma-separated list of hosts, with or without ports, such as localhost:11434,10.0.0.5",
);

export const awsValue = z.string().regex(/^[\x21-\x7e]+$/, "must have only printable ASCII characters and no spaces");

/** @returns what is wrong with the address of the console; undefined if nothing is */
export function consoleUrlFault(text: string): string | undefined {
  const url = urlOf(text);
  const isRight =
    url && /^https?:$/.test(url.protocol) && /\/console\/?$/.test(url.pathname) && url.search === "" && url.hash === "";
  return isRight ? undefined : "must be an address that ends with /console, such as https://tools.example/console";
}

/** @returns what is wrong with the address of an issuer; undefined if nothing is */
export function issuerFault(text: string): string | undefined {
  const url = urlOf(text);
  const isLoopback = url?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  return url && (url.protocol === "https:" || isLoopback) && url.search === "" && url.hash === "" && url.username === ""
    ? undefined
    : "must be an https:// address without a query, such as https://login.example.com; http:// only for this machine";
}

const roles = ["ADMIN", "KEY_MANAGER", "AUDITOR"] as const;
export type RoleMap = readonly (readonly [value: string, role: (typeof roles)[number]])[];

/** @returns undefined if the text is no list of values with their roles */
export function roleMapOf(text: string): RoleMap | undefined {
  const entries = text.split(",").map((entry) => {
    const at = entry.lastIndexOf("=");
    return [entry.slice(0, at).trim(), roles.find((role) => role === entry.slice(at + 1).trim())] as const;
  });
  return entries.every((entry): entry is RoleMap[number] => entry[0] !== "" && entry[1] !== undefined)
    ? entries
    : undefined;
}

const mysqlForm =
  "must be mysql://user:password@host:3306/name, optionally with ?tls=true or ?tlsCa=<path of a file>, or sqlite:<path of a file>";

/** @returns what is wrong with the URL of a database; undefined if nothing is */
export function databaseUrlFault(text: string): string | undefined {
  if (/^sqlite:/i.test(text)) return /^sqlite:(?!\/\/)[^:].*$/.test(text) ? undefined : mysqlForm;
  if (!/^mysql:/i.test(text))
    return mysqlForm.replace("be", "begin with mysql://, which is for MySQL and MariaDB, or with sqlite:, and be");
  const { url, fault = mysqlForm } = serverUrlOf(text);
  if (!url) return fault;
  const { hostname, pathname, search, hash } = url;
  // Any other parameter would be ignored, such as one that asks for encryption by another name.
  const isKnownSearch = search === "" || search === "?tls=true" || /^\?tlsCa=[^&]+$/.test(search);
  return hostname !== "" && /^\/[^/]+$/.test(pathname) && isKnownSearch && hash === "" ? undefined : mysqlForm;
}

/** @returns the origins as browsers write them; undefined if one is none */
export function originsOf(text: string): readonly string[] | undefined {
  const origins = text.split(",").map((each) => originOf(each.trim()));
  return origins.every((origin) => origin !== undefined) ? origins : undefined;
}

function originOf(text: string): string | undefined {
  return /^https?:\/\/[^/?#@*\s]+$/i.test(text) ? urlOf(text)?.origin : undefined;
}

const redisForm = "must be redis://host:6379 or rediss://user:password@host:6379/0";

/** @returns what is wrong with the URL of Redis; undefined if nothing is */
export function redisUrlFault(text: string): string | undefined {
  if (!/^rediss?:/i.test(text)) return redisForm.replace("be", "begin with redis:// or rediss://, and be");
  const { url, fault = redisForm } = serverUrlOf(text);
  if (!url) return fault;
  const { hostname, pathname, search, hash } = url;
  return hostname !== "" && /^(\/\d*)?$/.test(pathname) && search === "" && hash === "" ? undefined : redisForm;
}
