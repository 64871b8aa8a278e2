import { GraphQLSafeInt } from "graphql-scalars";
import { Field, Int } from "type-graphql";
import { Column } from "typeorm";
import { integerBetween } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";

const maxCount = 2_000_000_000;

/** A limit on a number, as a field, a rule and a column. Null: no limit. */
export const CountLimit =
  (column: string, description: string, min = 0): PropertyDecorator =>
  (prototype, property) => {
    Field(() => Int, { nullable: true, description })(prototype, property);
    Rule(integerBetween(min, maxCount).nullish())(prototype, property);
    Column({ name: column, type: "int", nullable: true })(prototype, property);
  };

/** MySQL returns a BIGINT as a text. */
const nullableBigint = {
  to: (value: number | null) => value,
  from: (value: string | number | null) => (value === null ? null : Number(value)),
};

/** A limit on bytes. Null: no limit. */
export const ByteLimit =
  (column: string, description: string): PropertyDecorator =>
  (prototype, property) => {
    Field(() => GraphQLSafeInt, { nullable: true, description })(prototype, property);
    Rule(integerBetween(0, Number.MAX_SAFE_INTEGER).nullish())(prototype, property);
    Column({ name: column, type: "bigint", nullable: true, transformer: nullableBigint })(prototype, property);
  };
