import { ApiError } from "../../errors";

/** Where a file belongs in the operations. */
export interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** The field `operations`: one operation. */
export function operationsOf(json: string): object {
  const operations = parsed("operations", json);
  if (Array.isArray(operations)) throw refused("Operation batching is off; send one operation a request.");
  if (!isObject(operations))
    throw refused("The field `operations` must be a JSON object with the operation's `query`.");
  return operations;
}

/** The name of the one part that is a file, and where it belongs. */
export function mapOf(json: string, operations: object): { part: string | undefined; places: readonly Place[] } {
  const map = parsed("map", json);
  if (!isObject(map) || Array.isArray(map)) {
    throw refused('The field `map` must be a JSON object such as {"file": ["variables.input.file"]}.');
  }
  const [entry, ...more] = Object.entries(map);
  if (more.length > 0) throw moreThanOneFile();
  if (!entry) return { part: undefined, places: [] };

  const [part, paths] = entry;
  if (!Array.isArray(paths))
    throw refused('The field `map` must name a list of paths, such as ["variables.input.file"].');
  return { part, places: paths.map((path) => placeOf(path, operations)) };
}

/** Follows nothing but what the client itself has sent, as the prototypes of JavaScript belong to the whole process. */
function placeOf(path: unknown, operations: object): Place {
  const keys = typeof path === "string" ? path.split(".") : [];
  const key = keys.pop();
  const holder = keys.reduce<unknown>((object, each) => ownValue(object, each), operations);
  if (key === undefined || keys[0] !== "variables" || !isObject(holder) || ownValue(holder, key) !== null) {
    throw refused("Each path in `map` must lead to a null in the variables, such as `variables.input.file`.");
  }
  return { holder, key };
}

const ownValue = (object: unknown, key: string): unknown =>
  isObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function parsed(field: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw refused(`The field \`${field}\` must be JSON.`);
  }
}

export const refused = (message: string) => new ApiError("BAD_USER_INPUT", message);

export const moreThanOneFile = () => refused("A request takes one file. Send each file in a request of its own.");
