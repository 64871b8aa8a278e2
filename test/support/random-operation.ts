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

/** An operation as it is sent. Ids are placeholders, named after the field that takes them, such as `@Query.agent`. */
export interface RandomOperation {
  readonly kind: OperationTypeNode;
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

type Type = GraphQLObjectType | GraphQLInterfaceType;

interface Fragment {
  readonly type: Type;
  /** The maximum depth of its selections. */
  readonly levels: number;
  readonly text: string;
}

const { QUERY, MUTATION, SUBSCRIPTION } = OperationTypeNode;
const kinds = [QUERY, MUTATION, QUERY, MUTATION, SUBSCRIPTION] as const;
const maxLevels = 7;
/** Fields that a key may use while fields below them need other permissions. They are chosen more often. */
const boundaryFields = new Set(
  "viewer apiKey scope sessions session run createSession terminateSession executeAgent cancelRun".split(" "),
);
const variableNames = ["v0", "v1", "v2"];
/** The declarations of a variable, and its values: valid, absent, and invalid. */
const declarations = ["Boolean!", "Boolean! = true", "Boolean! = false", "Boolean = true", "Boolean = false"] as const;
const values = [true, false, true, false, undefined, undefined, null, "true"] as const;

/**
 * Generates an operation of the schema. Each number of the list decides one choice; after the end of the list, every
 * choice is the simplest one, so that shrinking the list simplifies the operation.
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
    const assigned = variableNames.map((name) => [name, this.pick(values)] as const);
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
      variables: Object.fromEntries(assigned.filter(([, value]) => value !== undefined)),
    };
  }

  private declarations(): (readonly [variable: string, declared: string])[] {
    const conditions = variableNames.map((name) => [`$${name}`, this.pick(declarations)] as const);
    return [...conditions, ["$file", "Upload!"]];
  }

  /** The text, followed by the text of each fragment that it spreads, once each. */
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

  /** The possible type conditions of a fragment within this type. */
  private narrowings(type: Type): (readonly [condition: string, target: Type])[] {
    const others = isInterfaceType(type) ? this.schema.getPossibleTypes(type) : type.getInterfaces();
    return [type, ...others].map((target) => [` on ${target.name}`, target] as const);
  }

  private fragment(type: Type, levels: number): string {
    const fitting = [...this.fragments].filter(([, other]) => other.type === type && other.levels <= levels);
    if (fitting.length > 0 && this.below(2) === 0) return this.pick(fitting)[0];
    // Register it after its text is generated, so that no fragment spreads itself.
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
    const boundaries = inner.filter((field) => boundaryFields.has(field.name));
    const isInner = inner.length > 0 && this.below(leaves.length > 0 ? 3 : 9) > 0;
    if (!isInner && leaves.length === 0) return "__typename";

    const field = this.pick(
      isInner ? [...inner, ...deeper, ...boundaries, ...boundaries, ...boundaries, ...boundaries] : leaves,
    );
    // Rarely the name of another field, which often makes the operation invalid.
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

  /** Always the same for a field, because fields with the same response name must have the same arguments. */
  private argumentsOf(field: string, args: readonly GraphQLArgument[]): string {
    const used = args.filter(({ name, type }) => isNonNullType(type) || name === "first");
    return used.length > 0 ? `(${used.map((arg) => literal(field, arg)).join(", ")})` : "";
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

function literal(field: string, { name, type: argumentType }: GraphQLArgument | GraphQLInputField): string {
  const type = getNamedType(argumentType);
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter((inner) => isNonNullType(inner.type));
    return `${name}: { ${required.map((inner) => literal(field, inner)).join(", ")} }`;
  }
  if (isEnumType(type)) return `${name}: ${type.getValues()[0]?.name ?? ""}`;
  const byType: Readonly<Record<string, string>> = { ID: `"@${field}"`, Int: "1", String: `"x"`, Upload: "$file" };
  return `${name}: ${byType[type.name] ?? "null"}`;
}
