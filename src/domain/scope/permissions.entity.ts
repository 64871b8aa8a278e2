import { Field, ID, InputType, ObjectType } from "type-graphql";
import { Column } from "typeorm";
import { z } from "zod";
import {
  AgentAccess,
  AgentSelection,
  KeyAccess,
  type Permissions,
  RuntimePermission,
  SessionAccess,
} from "../../auth/permissions";
import { list } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { JsonListColumn, StringColumn } from "../../platform/database/columns";

/** A list may name a permission more than once; the limit only bounds the work. */
const maxRuntimePermissions = 10_000;

/** They are read with each request. */
const maxAgents = 200;

@ObjectType("Permissions", { description: "Everything that a scope allows." })
export class ScopePermissions implements Permissions {
  @Field(() => AgentAccess)
  @StringColumn(16)
  readonly agents!: AgentAccess;

  @Field(() => [RuntimePermission], { description: "Each permission once, in the order of the enum." })
  @Column({ type: "simple-array" })
  readonly runtime!: RuntimePermission[];

  @Field(() => SessionAccess, { description: "The sessions that the runtime permissions apply to." })
  @StringColumn(16)
  readonly sessions!: SessionAccess;

  @Field(() => AgentSelection, { description: "The agents that the permissions apply to." })
  @StringColumn(16, { name: "selection" })
  readonly agentAccess!: AgentSelection;

  /** All of them; a caller sees those that it can reach. */
  @Field(() => [ID])
  @JsonListColumn({ name: "selected" })
  readonly agentIds!: string[];

  @Field(() => KeyAccess)
  @StringColumn(16)
  readonly keys!: KeyAccess;
}

@InputType({ description: "A permission that is left out is not granted." })
export class PermissionsInput implements Permissions {
  @Field(() => AgentAccess, { nullable: true, defaultValue: AgentAccess.NONE })
  @Rule(z.enum(AgentAccess))
  agents!: AgentAccess;

  @Field(() => [RuntimePermission], { nullable: true, defaultValue: [] })
  @Rule(list("permissions", maxRuntimePermissions))
  runtime!: RuntimePermission[];

  @Field(() => SessionAccess, {
    nullable: true,
    defaultValue: SessionAccess.APP,
    description:
      "OWN confines the keys of the scope to the sessions that keys of this scope open, with their messages, runs, documents and callback deliveries. The references of these sessions are a namespace of the scope.",
  })
  @Rule(z.enum(SessionAccess))
  sessions!: SessionAccess;

  @Field(() => AgentSelection, {
    nullable: true,
    defaultValue: AgentSelection.ALL,
    description:
      "SELECTED confines the keys of the scope to the agents in `agentIds`: to list, read, update, delete and execute them, and to their runs and messages. They can't create agents.",
  })
  @Rule(z.enum(AgentSelection))
  agentAccess!: AgentSelection;

  @Field(() => [ID], {
    nullable: true,
    defaultValue: [],
    description: `With \`SELECTED\`: at most ${maxAgents} agents of the app. Without any, the keys reach no agent.`,
  })
  @Rule(list("agents", maxAgents))
  agentIds!: string[];

  @Field(() => KeyAccess, {
    nullable: true,
    defaultValue: KeyAccess.NONE,
    description:
      "MANAGE lets the keys of the scope manage those of other scopes of the app that grant no more than this one does at that moment: no permission, no agent and no session beyond it. They never manage keys of this scope, and never scopes.",
  })
  @Rule(z.enum(KeyAccess))
  keys!: KeyAccess;
}
