import { allPermissions } from "../../support/test-app";
import { type Holder, type Holdings, type RootField, traceOf } from "./fields";
import { isForbidden, nameOf } from "./oracle";
import type { Form, AccessCase } from "./case";

export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The id of what nobody has. */
const nobodys = "00000000-0000-7000-8000-000000000000";

/**
 * What is sent. Where it must not be executed, it is what would leave something behind: with the ids of what there is,
 * and where the key may do something else, with that in front. Where it may be, a mutation is given ids of nobody.
 *
 * @param victim whose things they are
 */
export function operationOf(trial: AccessCase, holder: Holder | undefined, victim: Holdings): Operation {
  const { field, form, credential, transport } = trial;
  const isValid = credential === "valid" || credential === "other app's";
  const isKeptOut = !isValid || form === "excluded" || transport === "GET" || !holder || isForbidden(trial, holder);
  const isAboutVictim = field.kind !== "mutation" || isKeptOut || credential === "other app's";

  const query = documentOf(field, form, isKeptOut ? traceOf(holder?.permissions ?? allPermissions) : undefined);
  const values: Record<string, unknown> = { on: form === "included", file: null };
  for (const [name, id] of Object.entries(victim)) values[name] = isAboutVictim ? id : nobodys;
  for (const [name, id] of Object.entries(holder?.holdings ?? victim)) values[`own_${name}`] = id;
  return { query, variables: Object.fromEntries(variablesOf(query).map((name) => [name, values[name]])) };
}

const known = new Map<string, string>();

/** @param trace what stands beside the field, where it is beside another mutation */
function documentOf(field: RootField, form: Form, trace: string | undefined): string {
  const key = [field.coordinate, form, form === "beside" && trace].join(" ");
  let document = known.get(key);
  if (document === undefined) known.set(key, (document = written(field, form, trace)));
  return document;
}

function written({ kind, name, asks, coordinate }: RootField, form: Form, trace: string | undefined): string {
  const field = name + asks;
  const conditional = name + asks.replace(/^(\(.*\))?/, "$1 @include(if: $on) ");
  // What stands beside is about the key's own app, whatever the field is about.
  const mutation = trace && `other: ${trace.replaceAll("$", "$own_")}`;
  const other = { query: "__typename", mutation: mutation ?? "__typename", subscription: `other: ${field}` }[kind];
  const selections: Record<Form, string> = {
    plain: field,
    alias: `${nameOf(name, form)}: ${field}`,
    fragment: "...F",
    included: conditional,
    excluded: conditional,
    beside: `${other} ${field}`,
  };
  const fragment = form === "fragment" ? ` fragment F on ${coordinate.split(".")[0] ?? ""} { ${field} }` : "";
  const text = `{ ${selections[form]} }${fragment}`;
  const declared = variablesOf(text).map((variable) => `$${variable}: ${typeOf(variable)}`);
  return `${kind} ${declared.length > 0 ? `(${declared.join(", ")}) ` : ""}${text}`;
}

const variablesOf = (text: string): string[] => [
  ...new Set([...text.matchAll(/\$(\w+)/g)].map(([, name = ""]) => name)),
];

function typeOf(variable: string): string {
  if (variable === "on") return "Boolean!";
  return variable === "file" ? "Upload!" : "ID!";
}
