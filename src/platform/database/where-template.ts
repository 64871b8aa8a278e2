import { type EntityMetadata, FindOperator, type FindOptionsWhere, In, type ObjectLiteral } from "typeorm";

/** A condition with placeholders for its values, so that its statement is the same for other values. */
export interface WhereTemplate<Entity> {
  /** The same for conditions that differ in their values only. */
  readonly shape: string;
  readonly where: FindOptionsWhere<Entity>;
  /** By the names of the placeholders, without their colons. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** @returns undefined if the condition compares something else than columns with texts, numbers and null, or a long list */
export function templateOf<Entity extends ObjectLiteral>(
  where: FindOptionsWhere<Entity>,
  metadata: EntityMetadata,
): WhereTemplate<Entity> | undefined {
  const values: Record<string, unknown> = {};
  const placeholder = (value: unknown): string => {
    const name = `where${Object.keys(values).length}`;
    values[name] = value;
    return `:${name}`;
  };
  const conditions: [property: string, condition: unknown, shape: string][] = [];
  for (const [property, value] of Object.entries(where as Record<string, unknown>)) {
    const column = metadata.findColumnWithPropertyName(property);
    if (!column || column.transformer || column.embeddedMetadata) return undefined;
    if (isPlain(value)) {
      conditions.push([property, placeholder(value), "="]);
    } else if (value instanceof FindOperator && value.type === "isNull") {
      conditions.push([property, value, "null"]);
    } else if (value instanceof FindOperator && value.type === "in" && isPlainList(value.value)) {
      conditions.push([property, In(value.value.map(placeholder)), `in${value.value.length}`]);
    } else return undefined;
  }
  return {
    shape: conditions.map(([property, , shape]) => `${property} ${shape}`).join(),
    where: Object.fromEntries(conditions) as FindOptionsWhere<Entity>,
    values,
  };
}

const isPlain = (value: unknown): value is string | number => typeof value === "string" || typeof value === "number";

/** A longer list makes a long statement, which is not worth keeping. */
const maxListed = 50;

const isPlainList = (value: unknown): value is (string | number)[] =>
  Array.isArray(value) && value.length <= maxListed && value.every(isPlain);
