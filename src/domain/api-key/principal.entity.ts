import { Field, ObjectType, registerEnumType } from "type-graphql";
import type { Caller } from "../../auth/caller";

export const PrincipalKind = { ADMIN: "ADMIN", API_KEY: "API_KEY" } as const;
export type PrincipalKind = keyof typeof PrincipalKind;
registerEnumType(PrincipalKind, { name: "PrincipalKind" });

@ObjectType({ description: "The caller that has done something: an administrator, or the holder of an API key." })
export class Principal {
  @Field(() => PrincipalKind)
  readonly kind!: PrincipalKind;

  @Field({ description: "The name that the key or the administrator had then; `administrator` for the root key." })
  readonly name!: string;

  /** Null for an administrator. */
  readonly apiKeyId!: string | null;
}

export const principalOf = (caller: Caller): Principal => ({
  kind: caller.kind,
  name: caller.name,
  apiKeyId: caller.kind === "API_KEY" && !caller.console ? caller.keyId : null,
});
