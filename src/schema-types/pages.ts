import { ArgsType, type ClassType, Field, Int, ObjectType } from "type-graphql";

@ObjectType({
  description:
    "Relay's cursor connections: `first` is 1 to 200, a cursor is opaque, the order is stable while rows come and go.",
})
export class PageInfo {
  @Field()
  readonly hasNextPage!: boolean;

  @Field(() => String, { nullable: true })
  readonly endCursor!: string | null;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, defaultValue: 50 })
  first!: number;

  @Field(() => String, { nullable: true })
  after?: string | null;
}

/** The type of a page in the schema. */
export function connectionOf<Node extends object>(node: ClassType<Node>, name: string) {
  @ObjectType(name)
  class Connection {
    @Field(() => [node])
    readonly nodes!: Node[];

    @Field()
    readonly pageInfo!: PageInfo;
  }
  return Connection;
}

/** The type of a page that says how many there are in all. */
export function countedConnectionOf<Node extends object>(node: ClassType<Node>, name: string) {
  @ObjectType(name)
  class CountedConnection {
    @Field(() => [node])
    readonly nodes!: Node[];

    @Field()
    readonly pageInfo!: PageInfo;

    readonly count!: () => Promise<number>;

    @Field(() => Int)
    totalCount(): Promise<number> {
      return this.count();
    }
  }
  return CountedConnection;
}
