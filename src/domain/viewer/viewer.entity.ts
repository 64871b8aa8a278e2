import { Field, ObjectType, registerEnumType } from "type-graphql";
import { ScopePermissions } from "../scope/permissions.entity";

export const ViewerKind = { ADMIN: "ADMIN", API_KEY: "API_KEY" } as const;
export type ViewerKind = keyof typeof ViewerKind;
registerEnumType(ViewerKind, { name: "ViewerKind" });

@ObjectType({ description: "The caller." })
export class Viewer {
  @Field(() => ViewerKind)
  readonly kind!: ViewerKind;

  @Field({ description: "The name of the key; `administrator` for an administrator." })
  readonly name!: string;

  @Field(() => ScopePermissions, {
    description: "The permissions of the key's scope at this moment; all permissions for an administrator.",
  })
  readonly permissions!: ScopePermissions;
}
