import { IsDefined } from "class-validator";
import { Field, InputType, ObjectType } from "type-graphql";
import { Column } from "typeorm";
import { AgentAccess, type Permissions, RuntimePermission } from "../../auth/permissions";

@ObjectType("Permissions", { description: "Everything a scope allows." })
export class ScopePermissions implements Permissions {
  @Field(() => AgentAccess)
  @Column({ type: "varchar", length: 16 })
  readonly agents!: AgentAccess;

  @Field(() => [RuntimePermission])
  @Column({ type: "simple-array" })
  readonly runtime!: RuntimePermission[];
}

@InputType({ description: "Left out means none." })
export class PermissionsInput implements Permissions {
  @Field(() => AgentAccess, { nullable: true, defaultValue: AgentAccess.NONE })
  @IsDefined()
  agents!: AgentAccess;

  @Field(() => [RuntimePermission], { nullable: true, defaultValue: [] })
  @IsDefined()
  runtime!: RuntimePermission[];
}
