import { allPermissions } from "../../support/test-app";
import type { AccessCase, Form } from "./case";
import { type Holder, type Resources, type RootField, sideEffectOf } from "./fields";
import { finds, isAccepted, isForbidden, responseKeyOf } from "./oracle";

export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const unknownId = "00000000-0000-7000-8000-000000000000";

/**
 * Builds the operation of a case. If it must not be executed, it would change stored data: it names existing objects,
 * and the form `combined` adds a mutation that the key may use. A permitted mutation gets unknown ids in place of those that
 * the key finds.
 *
 * @param isHidden whether the objects that the key does not find are replaced by ones that do not exist, which must not
 *   change the response
 */
export function operationOf(
  accessCase: AccessCase,
  holder: Holder | undefined,
  victim: Resources,
  isHidden = false,
): Operation {
  const { field, form, transport } = accessCase;
  const isDenied =
    !isAccepted(accessCase) || form === "excluded" || transport === "GET" || !holder || isForbidden(accessCase, holder);
  const isFound = (name: string) => holder !== undefined && finds(accessCase, holder, name as keyof Resources);
  const namesVictim = (name: string) => (isFound(name) ? field.kind !== "mutation" || isDenied : !isHidden);

  const query = documentOf(field, form, isDenied ? sideEffectOf(holder?.permissions ?? allPermissions) : undefined);
  const values: Record<string, unknown> = { on: form === "included", file: null };
  for (const [name, id] of Object.entries(victim)) values[name] = namesVictim(name) ? id : unknownId;
  for (const [name, id] of Object.entries(holder?.resources ?? victim)) values[`own_${name}`] = id;
  return { query, variables: Object.fromEntries(variablesOf(query).map((name) => [name, values[name]])) };
}

const cache = new Map<string, string>();

/** @param sideEffect the other mutation for the form `combined` */
function documentOf(field: RootField, form: Form, sideEffect: string | undefined): string {
  const key = [field.coordinate, form, form === "combined" && sideEffect].join(" ");
  let document = cache.get(key);
  if (document === undefined) cache.set(key, (document = buildDocument(field, form, sideEffect)));
  return document;
}

function buildDocument(
  { kind, name, selection, coordinate }: RootField,
  form: Form,
  sideEffect: string | undefined,
): string {
  const field = name + selection;
  const conditional = name + selection.replace(/^(\(.*\))?/, "$1 @include(if: $on) ");
  // The other mutation names objects of the key's own app, whatever the field names.
  const mutation = sideEffect && `other: ${sideEffect.replaceAll("$", "$own_")}`;
  const other = { query: "__typename", mutation: mutation ?? "__typename", subscription: `other: ${field}` }[kind];
  const selections: Record<Form, string> = {
    plain: field,
    alias: `${responseKeyOf(name, form)}: ${field}`,
    fragment: "...F",
    included: conditional,
    excluded: conditional,
    combined: `${other} ${field}`,
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
