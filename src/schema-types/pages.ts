import { ArgsType, type ClassType, Field, Int, ObjectType } from "type-graphql";
import { integerBetween, likeNames, text } from "./rules";
import { Rule } from "./validation";

@ObjectType({
  description:
    "The position of a page in a list. To read the next page, pass `endCursor` as `after`; to read the previous one, pass `startCursor` as `before` together with `last`. Cursors are opaque, and the order of a list stays the same while elements are added and removed.",
})
export class PageInfo {
  @Field({
    description:
      "Whether the list continues after this page. A page may have fewer elements than requested although the list continues, if its elements are very large.",
  })
  readonly hasNextPage!: boolean;

  @Field({
    description:
      "Whether the list continues before this page. On a page after a cursor it is always true, and on a page before a cursor so is `hasNextPage`.",
  })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "The cursor of the first element; null if the page is empty." })
  readonly startCursor!: string | null;

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
  @Rule(({ maxPageSize }) => integerBetween(1, maxPageSize).nullish())
  first!: number | null;

  @Field(() => String, { nullable: true, description: "The `endCursor` of the previous page." })
  after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "Instead of `first`: the last so many elements of the list, or of what precedes `before`.",
  })
  @Rule(({ maxPageSize }) => integerBetween(1, maxPageSize).nullish())
  last?: number | null;

  @Field(() => String, { nullable: true, description: "The `startCursor` of the page that follows." })
  before?: string | null;
}

@ArgsType()
export class SearchArgs extends PageArgs {
  @Field(() => String, {
    nullable: true,
    description: "1 to 120 characters that the name has. ASCII letters match in either case.",
  })
  @Rule(likeNames().pipe(text(120, 1)).nullish())
  search?: string | null;
}

/** The type of one page of a list. */
export function connectionOf<Node extends object>(node: ClassType<Node>, name: string) {
  @ObjectType(name)
  class Connection extends pageTypeOf(node, name) {}
  return Connection;
}

/** The type of one page of a list that also counts the whole list. */
export function countedConnectionOf<Node extends object>(node: ClassType<Node>, name: string) {
  @ObjectType(name)
  class CountedConnection extends pageTypeOf(node, name) {
    readonly count!: () => Promise<{ readonly total: number; readonly isExact: boolean }>;

    @Field(() => Int, {
      description: "The number of elements on all pages, counted up to 10,000: see `totalCountIsExact`.",
    })
    async totalCount(): Promise<number> {
      return (await this.count()).total;
    }

    @Field(() => Boolean, { description: "False if there are more than 10,000 elements; `totalCount` is then 10,000." })
    async totalCountIsExact(): Promise<boolean> {
      return (await this.count()).isExact;
    }
  }
  return CountedConnection;
}

function pageTypeOf<Node extends object>(node: ClassType<Node>, connectionName: string) {
  @ObjectType(connectionName.replace(/Connection$/, "Edge"), { description: "An element of a list, with its cursor." })
  class Edge {
    @Field({ description: "The position of the element, for `after` and `before`." })
    readonly cursor!: string;

    @Field(() => node)
    readonly node!: Node;
  }

  @ObjectType()
  abstract class PageType {
    @Field(() => [node])
    readonly nodes!: Node[];

    @Field(() => [Edge], { description: "The elements of `nodes`, each with its cursor." })
    readonly edges!: Edge[];

    @Field()
    readonly pageInfo!: PageInfo;
  }
  return PageType;
}
