import {
  getNamedType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  OperationTypeNode,
} from "graphql";

/** An operation as it is sent. Its ids are placeholders such as `@Query.agent`, named by the field that takes them. */
export interface RandomOperation {
  readonly kind: OperationTypeNode;
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

type Type = GraphQLObjectType | GraphQLInterfaceType;

interface Fragment {
  readonly type: Type;
  /** How many levels of fields it may have. */
  readonly levels: number;
  readonly text: string;
}

const { QUERY, MUTATION, SUBSCRIPTION } = OperationTypeNode;
const kinds = [QUERY, MUTATION, QUERY, MUTATION, SUBSCRIPTION] as const;
const maxLevels = 7;
/** The fields that a key may be allowed while others that lie below them are not: taken more often than the rest. */
const waysDown = new Set(
  "viewer apiKey scope sessions session run createSession terminateSession executeAgent cancelRun".split(" "),
);
const variableNames = ["v0", "v1", "v2"];
/** How a variable is declared, and what it is given: what it should be, nothing, and what it should not be. */
const declarations = ["Boolean!", "Boolean! = true", "Boolean! = false", "Boolean = true", "Boolean = false"] as const;
const values = [true, false, true, false, undefined, undefined, null, "true"] as const;

/**
 * An operation of the schema's own fields, made of a list of numbers that each decide one thing. Where the list has
 * ended everything is decided in the plainest way, so that a shorter list makes a plainer operation.
 */
export const randomOperation = (schema: GraphQLSchema, numbers: readonly number[]): RandomOperation =>
  new OperationWriter(schema, numbers).write();

class OperationWriter {
  private position = 0;
  private readonly fragments = new Map<string, Fragment>();
  private fragmentCount = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly numbers: readonly number[],
  ) {}

  write(): RandomOperation {
    const names = this.pick([[""], [""], ["A"], ["A", "B"]] as const);
    const chosen = this.below(names.length);
    const isNamed = names[chosen] !== "" && (names.length > 1 || this.below(2) > 0);
    const given = variableNames.map((name) => [name, this.pick(values)] as const);
    const heads = names.map((name) => ({ name, kind: this.pick(kinds), declared: this.declarations() }));

    const operations = heads.map(({ kind, name, declared }) => {
      const text = this.selections(rootOf(this.schema, kind), maxLevels);
      const used = new Set(this.withFragments(text).match(/\$\w+/g));
      const variables = declared
        .filter(([variable]) => used.has(variable))
        .map((declaration) => declaration.join(": "));
      return `${kind} ${name}${variables.length > 0 ? `(${variables.join(", ")})` : ""} ${text}`;
    });
    const fragments = [...this.fragments].map(([name, { type, text }]) => `fragment ${name} on ${type.name} ${text}`);
    return {
      kind: heads[chosen]?.kind ?? QUERY,
      query: [...operations, ...fragments].join("\n"),
      operationName: isNamed ? names[chosen] : undefined,
      variables: Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    };
  }

  private declarations(): (readonly [variable: string, declared: string])[] {
    const conditions = variableNames.map((name) => [`$${name}`, this.pick(declarations)] as const);
    return [...conditions, ["$file", "Upload!"]];
  }

  /** The text with that of all fragments that it puts in, once each. */
  private withFragments(text: string, seen = new Set<string>()): string {
    const names = [...text.matchAll(/\.\.\.(F\d+)/g)].map(([, name = ""]) => name).filter((name) => !seen.has(name));
    for (const name of names) seen.add(name);
    return [text, ...names.map((name) => this.withFragments(this.fragments.get(name)?.text ?? "", seen))].join(" ");
  }

  private selections(type: Type, levels: number): string {
    // A subscription has one field.
    const count = this.isSubscription(type) ? 1 : 1 + this.below(3);
    return `{ ${Array.from({ length: count }, () => this.selection(type, levels)).join(" ")} }`;
  }

  private selection(type: Type, levels: number): string {
    switch (this.pick(["field", "field", "field", "field", "field", "inline", "spread", "introspection"] as const)) {
      case "inline": {
        const [condition, target] = this.pick([["", type] as const, ...this.narrowings(type)]);
        return `...${condition}${this.directives(type)} ${this.selections(target, levels)}`;
      }
      case "spread": {
        const [, target] = this.pick(this.narrowings(type));
        return `...${this.fragment(target, levels)}${this.directives(type)}`;
      }
      case "introspection":
        if (!this.isSubscription(type)) return this.introspection(type);
        return this.field(type, levels);
      case "field":
        return this.field(type, levels);
    }
  }

  /** The types that a fragment within this one may be on. */
  private narrowings(type: Type): (readonly [condition: string, target: Type])[] {
    const others = isInterfaceType(type) ? this.schema.getPossibleTypes(type) : type.getInterfaces();
    return [type, ...others].map((target) => [` on ${target.name}`, target] as const);
  }

  private fragment(type: Type, levels: number): string {
    const fitting = [...this.fragments].filter(([, other]) => other.type === type && other.levels <= levels);
    if (fitting.length > 0 && this.below(2) === 0) return this.pick(fitting)[0];
    // It is only found by others once it is written, so that none puts in itself.
    const name = `F${this.fragmentCount++}`;
    const text = this.selections(type, levels);
    this.fragments.set(name, { type, levels, text });
    return name;
  }

  private introspection(type: Type): string {
    const inQuery = [`__schema { queryType { name } }`, `__type(name: "Agent") { fields { name } }`];
    return this.pick(["__typename", "kind: __typename", ...(type === this.schema.getQueryType() ? inQuery : [])]);
  }

  private field(type: Type, levels: number): string {
    const fields = Object.values(type.getFields());
    const inner = levels > 1 ? innerFieldsOf(type) : [];
    const leaves = fields.filter((field) => !typeOf(field));
    const deeper = inner.filter((field) => innerFieldsOf(typeOf(field)).length > 0);
    const ways = inner.filter((field) => waysDown.has(field.name));
    const isInner = inner.length > 0 && this.below(leaves.length > 0 ? 3 : 9) > 0;
    if (!isInner && leaves.length === 0) return "__typename";

    const field = this.pick(isInner ? [...inner, ...deeper, ...ways, ...ways, ...ways, ...ways] : leaves);
    // Rarely another field's name, which often makes the operation invalid.
    const names = ["", "", "", "", "", "", "", `${field.name}_1: `, `${field.name}_2: `, `${this.pick(fields).name}: `];
    const alias = this.pick(names);
    const target = typeOf(field);
    return [
      `${alias}${field.name}${this.argumentsOf(`${type.name}.${field.name}`, field.args)}${this.directives(type)}`,
      ...(target ? [this.selections(target, levels - 1)] : []),
    ].join(" ");
  }

  private directives(type: Type): string {
    if (this.isSubscription(type)) return "";
    const names = this.pick([[], [], [], [], [], [], ["skip"], ["include"], ["include", "skip"]] as const);
    return names.map((name) => ` @${name}(if: ${this.pick(["true", "false", "$v0", "$v1", "$v2"])})`).join("");
  }

  /** The same wherever the field stands, as fields of one name in the answer must have the same arguments. */
  private argumentsOf(field: string, args: readonly GraphQLArgument[]): string {
    const given = args.filter(({ name, type }) => isNonNullType(type) || name === "first");
    return given.length > 0 ? `(${given.map((arg) => literal(field, arg)).join(", ")})` : "";
  }

  private isSubscription(type: Type): boolean {
    return type === this.schema.getSubscriptionType();
  }

  private pick<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.below(choices.length)] as Choice;
  }

  private below(end: number): number {
    return (this.numbers[this.position++] ?? 0) % end;
  }
}

function rootOf(schema: GraphQLSchema, kind: OperationTypeNode): GraphQLObjectType {
  const root = schema.getRootType(kind);
  if (!root) throw new Error(`The schema has no ${kind}`);
  return root;
}

const innerFieldsOf = (type: Type | undefined) => Object.values(type?.getFields() ?? {}).filter(typeOf);

function typeOf(field: GraphQLField<unknown, unknown>): Type | undefined {
  const type = getNamedType(field.type);
  return isObjectType(type) || isInterfaceType(type) ? type : undefined;
}

function literal(field: string, { name, type: given }: GraphQLArgument | GraphQLInputField): string {
  const type = getNamedType(given);
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter((inner) => isNonNullType(inner.type));
    return `${name}: { ${required.map((inner) => literal(field, inner)).join(", ")} }`;
  }
  if (isEnumType(type)) return `${name}: ${type.getValues()[0]?.name ?? ""}`;
  const byType: Readonly<Record<string, string>> = { ID: `"@${field}"`, Int: "1", String: `"x"`, Upload: "$file" };
  return `${name}: ${byType[type.name] ?? "null"}`;
}
