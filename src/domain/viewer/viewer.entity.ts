import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { AdministratorRole } from "../../auth/permissions";
import { ScopePermissions } from "../scope/permissions.entity";

export const ViewerKind = { ADMIN: "ADMIN", API_KEY: "API_KEY" } as const;
export type ViewerKind = keyof typeof ViewerKind;
registerEnumType(ViewerKind, { name: "ViewerKind" });

@ObjectType({ description: "The caller." })
export class Viewer {
  @Field(() => ViewerKind)
  readonly kind!: ViewerKind;

  @Field({ description: "The name of the key or of the administrator; `administrator` for the root key." })
  readonly name!: string;

  @Field(() => ScopePermissions, {
    description: "The permissions of the key's scope at this moment, or those that the administrator's role includes.",
  })
  readonly permissions!: ScopePermissions;

  @Field(() => AdministratorRole, { nullable: true, description: "The role of the administrator; null for a key." })
  readonly role!: AdministratorRole | null;

  @Field(() => [ID], {
    nullable: true,
    description: "The apps that the administrator is confined to; null if it reaches all, and for a key.",
  })
  readonly appIds!: readonly string[] | null;
}
