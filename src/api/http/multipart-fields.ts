import { ApiError } from "../../errors";
import { assertSimple } from "../json";

/** A position in the operations that takes a file. */
export interface Place {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

/** Parses the field `operations`, which must hold one operation. */
export function parseOperations(json: string): object {
  const operations = parseJson("operations", json);
  if (Array.isArray(operations)) throw invalid("Operation batching is off; send one operation per request.");
  if (!isObject(operations))
    throw invalid("The field `operations` must be a JSON object with the operation's `query`.");
  return operations;
}

/** Parses the field `map`: the name of the part that has the file, and the places that take the file. */
export function parseMap(json: string, operations: object): { part: string | undefined; places: readonly Place[] } {
  const map = parseJson("map", json);
  if (!isObject(map) || Array.isArray(map)) {
    throw invalid('The field `map` must be a JSON object such as {"file": ["variables.input.file"]}.');
  }
  const [entry, ...more] = Object.entries(map);
  if (more.length > 0) throw moreThanOneFile();
  if (!entry) return { part: undefined, places: [] };

  const [part, paths] = entry;
  if (!Array.isArray(paths))
    throw invalid('The field `map` must name a list of paths, such as ["variables.input.file"].');
  return { part, places: paths.map((path) => placeOf(path, operations)) };
}

/** Follows own properties only: writing to an inherited prototype would affect the whole process. */
function placeOf(path: unknown, operations: object): Place {
  const keys = typeof path === "string" ? path.split(".") : [];
  const key = keys.pop();
  const parent = keys.reduce<unknown>((object, each) => ownValue(object, each), operations);
  if (key === undefined || keys[0] !== "variables" || !isObject(parent) || ownValue(parent, key) !== null) {
    throw invalid("Each path in `map` must lead to a null in the variables, such as `variables.input.file`.");
  }
  return { parent, key };
}

const ownValue = (object: unknown, key: string): unknown =>
  isObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function parseJson(field: string, json: string): unknown {
  assertSimple(json);
  try {
    return JSON.parse(json);
  } catch {
    throw invalid(`The field \`${field}\` must be JSON.`);
  }
}

export const invalid = (message: string) => new ApiError("BAD_USER_INPUT", message);

export const moreThanOneFile = () => invalid("A request takes one file. Send each file in a separate request.");
