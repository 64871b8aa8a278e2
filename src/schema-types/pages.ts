import { ArgsType, type ClassType, Field, Int, ObjectType } from "type-graphql";
import { integerBetween } from "./rules";
import { Rule } from "./validation";

@ObjectType({
  description:
    "The position of a page in a list. To read the next page, pass `endCursor` as `after`. Cursors are opaque, and the order of a list stays the same while elements are added and removed.",
})
export class PageInfo {
  @Field({ description: "Whether the list continues after this page." })
  readonly hasNextPage!: boolean;

  @Field(() => String, { nullable: true, description: "The cursor of the last element; null if the page is empty." })
  readonly endCursor!: string | null;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    defaultValue: 50,
    description: "The maximum number of elements on the page, 1 to 200 unless configured otherwise.",
  })
  @Rule(({ maxPageSize }) => integerBetween(1, maxPageSize))
  first!: number;

  @Field(() => String, { nullable: true, description: "The `endCursor` of the previous page." })
  after?: string | null;
}

/** The type of one page of a list. */
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

/** The type of one page of a list that also counts the whole list. */
export function countedConnectionOf<Node extends object>(node: ClassType<Node>, name: string) {
  @ObjectType(name)
  class CountedConnection {
    @Field(() => [node])
    readonly nodes!: Node[];

    @Field()
    readonly pageInfo!: PageInfo;

    readonly count!: () => Promise<number>;

    @Field(() => Int, { description: "The number of elements on all pages." })
    totalCount(): Promise<number> {
      return this.count();
    }
  }
  return CountedConnection;
}
