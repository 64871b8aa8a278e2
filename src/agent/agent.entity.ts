import { Field, ID, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";

@Entity("agent")
@ObjectType()
export class Agent {
  @Field(() => ID)
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  @Column({ type: "varchar", length: 36 })
  readonly appId!: string;

  @Field({ description: "Unique within the app." })
  @Column({ type: "varchar", length: 120 })
  readonly name!: string;

  @Field()
  @Column({ type: "text" })
  readonly description!: string;

  @Field({ description: "What the agent is told before the conversation: its system prompt." })
  @Column({ type: "text" })
  readonly instructions!: string;

  @Field({ description: "Which model answers: `builtin:extractive`, or `<connection>/<model>`." })
  @Column({ type: "varchar", length: 255 })
  readonly model!: string;

  @Field(() => Int, {
    description: "Counts the updates; send it back as `expectedVersion` so as not to overwrite somebody else's.",
  })
  @Column({ type: "int" })
  readonly version!: number;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly createdAt!: Date;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly updatedAt!: Date;
}
