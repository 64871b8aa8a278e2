import { Field, ID, ObjectType } from "type-graphql";

@ObjectType()
export class DeletedPayload {
  @Field(() => ID, { description: "The id of the deleted object." })
  readonly id!: string;
}
