import { Field, ObjectType, registerEnumType } from "type-graphql";
import { ScopePermissions } from "./permissions.entity";

export const ScopePreset = {
  READ_ONLY: "READ_ONLY",
  RUNNER: "RUNNER",
  UPLOADER: "UPLOADER",
  AGENT_MANAGER: "AGENT_MANAGER",
} as const;
export type ScopePreset = keyof typeof ScopePreset;

const descriptions: Readonly<Record<ScopePreset, string>> = {
  READ_ONLY: "Reads agents and sessions, and changes nothing.",
  RUNNER: "Executes agents, in sessions of its own.",
  UPLOADER: "Opens sessions of its own and uploads documents to them.",
  AGENT_MANAGER: "Creates, updates and deletes agents, and executes none.",
};

registerEnumType(ScopePreset, {
  name: "ScopePreset",
  description: "A set of permissions to begin with; see `scopePresets`.",
  valuesConfig: Object.fromEntries(
    Object.entries(descriptions).map(([preset, description]) => [preset, { description }]),
  ),
});

const common = { agentAccess: "ALL", agentIds: [], keys: "NONE" } satisfies Partial<ScopePermissions>;

const permissions: Readonly<Record<ScopePreset, ScopePermissions>> = {
  READ_ONLY: { agents: "VIEW", runtime: ["SESSION_VIEW"], sessions: "APP", ...common },
  RUNNER: { agents: "VIEW", runtime: ["RUN", "SESSION_CREATE", "SESSION_TERMINATE"], sessions: "OWN", ...common },
  UPLOADER: { agents: "NONE", runtime: ["SESSION_CREATE", "DOCUMENT_UPLOAD"], sessions: "OWN", ...common },
  AGENT_MANAGER: { agents: "FULL", runtime: [], sessions: "APP", ...common },
};

@ObjectType({ description: "The permissions of a preset. A scope keeps what it was created with." })
export class ScopePresetDetails {
  @Field(() => ScopePreset)
  readonly preset!: ScopePreset;

  @Field()
  readonly description!: string;

  @Field(() => ScopePermissions)
  readonly permissions!: ScopePermissions;
}

export const permissionsOfPreset = (preset: ScopePreset): ScopePermissions => permissions[preset];

export const scopePresets: readonly ScopePresetDetails[] = Object.values(ScopePreset).map((preset) => ({
  preset,
  description: descriptions[preset],
  permissions: permissions[preset],
}));
