import { Field, ID, InputType, Int, registerEnumType } from "type-graphql";
import { type FindOptionsWhere, IsNull, LessThan, Not, Raw } from "typeorm";
import { z } from "zod";
import type { Order, SortColumn } from "../../platform/database/pages";
import { containsText } from "../../platform/database/text-search";
import { integerBetween, likeNames, text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { ApiKey, ApiKeyStatus } from "./api-key.entity";

const dayMs = 86_400_000;

@InputType({ description: "A key must match every field that is given; null and left out mean the same." })
export class ApiKeyFilter {
  @Field(() => String, {
    nullable: true,
    description:
      "1 to 120 characters that the name, the owner, the environment or the hint has. ASCII letters match in either case.",
  })
  @Rule(likeNames().pipe(text(120, 1)).nullish())
  search?: string | null;

  @Field(() => ID, { nullable: true })
  scopeId?: string | null;

  @Field(() => ApiKeyStatus, { nullable: true })
  status?: ApiKeyStatus | null;

  @Field(() => String, { nullable: true, description: "The keys that have this tag." })
  @Rule(likeNames().nullish())
  tag?: string | null;

  @Field(() => String, { nullable: true })
  @Rule(likeNames().nullish())
  owner?: string | null;

  @Field(() => String, { nullable: true })
  @Rule(likeNames().nullish())
  environment?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "The keys that were last used, or else created, at least so many days ago.",
  })
  @Rule(integerBetween(1, 36_500).nullish())
  unusedSinceDays?: number | null;

  @Field(() => Boolean, { nullable: true, description: "The keys that were never used, or those that were." })
  neverUsed?: boolean | null;
}

const ApiKeyOrderField = { CREATED_AT: "CREATED_AT", NAME: "NAME", LAST_USED_AT: "LAST_USED_AT" } as const;
type ApiKeyOrderField = keyof typeof ApiKeyOrderField;
registerEnumType(ApiKeyOrderField, {
  name: "ApiKeyOrderField",
  valuesConfig: {
    NAME: { description: "By code points, so that `B` comes before `a`." },
    LAST_USED_AT: { description: "A key that was never used counts as used when it was created." },
  },
});

const OrderDirection = { ASC: "ASC", DESC: "DESC" } as const;
registerEnumType(OrderDirection, { name: "OrderDirection" });

@InputType({ description: "Keys that are equal in the field are in the order of their creation." })
export class ApiKeyOrder {
  @Field(() => ApiKeyOrderField)
  @Rule(z.enum(ApiKeyOrderField))
  field!: ApiKeyOrderField;

  @Field(() => OrderDirection, { nullable: true, defaultValue: OrderDirection.ASC })
  @Rule(z.enum(OrderDirection))
  direction!: Order;
}

/** The condition of a filter, without its scope, which must be known to belong to the app. */
export function whereOf(appId: string, filter: Omit<ApiKeyFilter, "scopeId">): FindOptionsWhere<ApiKey> {
  const { search, status, tag, owner, environment, unusedSinceDays, neverUsed } = filter;
  return {
    ...withStatus(status),
    ...(search != null && { hint: Raw(hasText, { search }) }),
    ...(tag != null && { id: Raw((id) => `${id} IN (${keysWithTag})`, { tagAppId: appId, tag }) }),
    ...(owner != null && { owner }),
    ...(environment != null && { environment }),
    ...(unusedSinceDays != null && { lastActiveAt: LessThan(new Date(Date.now() - unusedSinceDays * dayMs)) }),
    ...(neverUsed != null && { lastUsedAt: neverUsed ? IsNull() : Not(IsNull()) }),
  };
}

/** By the column with an index. */
export const withStatus = (status: ApiKeyStatus | null | undefined): FindOptionsWhere<ApiKey> =>
  status == null ? {} : { isRevoked: status === "REVOKED" ? 1 : 0 };

/** Only of columns that one index has, so that no rows are read but those that are found. */
const hasText = (hint: string): string =>
  containsText(["name", "owner", "environment", "hint"].map((name) => hint.replace("hint", name)));

const keysWithTag =
  "SELECT tagged.apiKeyId FROM api_key_tag tagged WHERE tagged.appId = :tagAppId AND tagged.tag = :tag";

/** The columns that keys are sorted by; undefined for the order of their creation, which is that of their ids. */
export const sortColumns: Readonly<Record<ApiKeyOrderField, SortColumn<ApiKey> | undefined>> = {
  CREATED_AT: undefined,
  NAME: { column: "name", valueOf: ({ name }) => name },
  LAST_USED_AT: {
    column: "lastActiveAt",
    valueOf: ({ lastUsedAt, createdAt }) => (lastUsedAt ?? createdAt).toISOString().replace("T", " ").slice(0, -1),
  },
};
