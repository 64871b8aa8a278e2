/** The requirement of a field of the API, with which its description in `schema.graphql` begins: `[RUN]`, `[FULL on ALL]`. */
export interface FieldRequirement {
  readonly operation: "Query" | "Mutation" | "Subscription";
  readonly field: string;
  readonly description: string;
  /** As written, such as `SESSION_VIEW or DOCUMENT_UPLOAD`. */
  readonly requires: string;
}

const rootType = /^type (Query|Mutation|Subscription) \{\n([\s\S]*?)^\}/gm;
const fieldLine = /^ {2}([A-Za-z_]\w*)(?:\(|:)/;

/** Reads the requirements of all root fields from the text of a schema as `printSchema` writes it. */
export function parseRequirements(schema: string): FieldRequirement[] {
  const found: FieldRequirement[] = [];
  for (const [, operation, body] of schema.matchAll(rootType)) {
    let description = "";
    let isOpen = false;
    for (const line of (body ?? "").split("\n")) {
      const text = line.trim();
      // Descriptions of arguments are indented further.
      if (line.startsWith('  """') && !isOpen) {
        description = text.slice(3).replace(/"""$/, "");
        isOpen = text === '"""' || !text.endsWith('"""');
      } else if (isOpen) {
        if (text === '"""') isOpen = false;
        else description = `${description} ${text}`.trim();
      } else {
        const field = fieldLine.exec(line)?.[1];
        if (field === undefined) continue;
        const [annotation = "", requires = ""] = /^\[([^\]]+)\]/.exec(description) ?? [];
        found.push({
          operation: operation as FieldRequirement["operation"],
          field,
          description: description.slice(annotation.length).trim(),
          requires,
        });
        description = "";
      }
    }
  }
  return found;
}

/** The grants of a key, by its scope, or of an administrator. */
export interface Grants {
  readonly agents: string;
  readonly agentAccess: string;
  readonly runtime: readonly string[];
  /** The level on keys; none if it is left out. */
  readonly keys?: string;
  /** The role of an administrator. */
  readonly role?: string | undefined;
  /** Whether the administrator reaches some apps alone. */
  readonly isConfined?: boolean;
}

/** Each level includes the ones before it. */
const levels = ["NONE", "VIEW", "EDIT", "FULL"];
const keyLevels = ["NONE", "VIEW", "MANAGE"];
const adminRole = "ADMIN";

const alternativesOf = ({ requires }: Pick<FieldRequirement, "requires">): string[] =>
  requires.split(" or ").map((alternative) => alternative.trim());

/** Whether one who has these grants may use a field. */
export const isOpen = (requirement: Pick<FieldRequirement, "requires">, grants: Grants): boolean =>
  alternativesOf(requirement).some((alternative) => satisfies(alternative, grants));

function satisfies(
  alternative: string,
  { agents, agentAccess, runtime, keys = "NONE", role, isConfined }: Grants,
): boolean {
  if (alternative === "any") return true;
  const [rank, reach] = alternative.split(" of ");
  if (role !== undefined && rank !== undefined && rank.replace("admin", adminRole) === role)
    return reach === undefined || !isConfined;
  const [permission = "", selection] = alternative.split(" on ");
  if (selection === "keys") return keyLevels.indexOf(keys) >= keyLevels.indexOf(permission);
  if (selection !== undefined && selection !== agentAccess) return false;
  const level = levels.indexOf(permission);
  return level >= 0 ? levels.indexOf(agents) >= level : runtime.includes(permission);
}

/** Everything that a scope can grant. */
const everything = (runtime: readonly string[]): Grants => ({
  agents: "FULL",
  agentAccess: "ALL",
  runtime,
  keys: "MANAGE",
});

/** The fields that some scope can open to a key, given all runtime permissions; the others are for administrators. */
export const openToKeys = (fields: readonly FieldRequirement[], runtime: readonly string[]): FieldRequirement[] =>
  fields.filter((field) => isOpen(field, everything(runtime)));
