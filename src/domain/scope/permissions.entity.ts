import { Field, InputType, ObjectType } from "type-graphql";
import { Column } from "typeorm";
import { z } from "zod";
import { AgentAccess, type Permissions, RuntimePermission } from "../../auth/permissions";
import { list } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { StringColumn } from "../../platform/database/columns";

/** A list may name a permission more than once; the limit only bounds the work. */
const maxRuntimePermissions = 10_000;

@ObjectType("Permissions", { description: "Everything that a scope allows." })
export class ScopePermissions implements Permissions {
  @Field(() => AgentAccess)
  @StringColumn(16)
  readonly agents!: AgentAccess;

  @Field(() => [RuntimePermission], { description: "Each permission once, in the order of the enum." })
  @Column({ type: "simple-array" })
  readonly runtime!: RuntimePermission[];
}

@InputType({ description: "A permission that is left out is not granted." })
export class PermissionsInput implements Permissions {
  @Field(() => AgentAccess, { nullable: true, defaultValue: AgentAccess.NONE })
  @Rule(z.enum(AgentAccess))
  agents!: AgentAccess;

  @Field(() => [RuntimePermission], { nullable: true, defaultValue: [] })
  @Rule(list("permissions", maxRuntimePermissions))
  runtime!: RuntimePermission[];
}
