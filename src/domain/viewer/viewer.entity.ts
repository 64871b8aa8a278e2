import { Field, ObjectType, registerEnumType } from "type-graphql";
import { ScopePermissions } from "../scope/permissions.entity";

export const ViewerKind = { ADMIN: "ADMIN", API_KEY: "API_KEY" } as const;
export type ViewerKind = keyof typeof ViewerKind;
registerEnumType(ViewerKind, { name: "ViewerKind" });

@ObjectType({ description: "Who is calling." })
export class Viewer {
  @Field(() => ViewerKind)
  readonly kind!: ViewerKind;

  @Field({ description: "The administrator's name, or the key's." })
  readonly name!: string;

  @Field(() => ScopePermissions, {
    description: "What the key's scope allows at this moment; everything for an administrator.",
  })
  readonly permissions!: ScopePermissions;
}
