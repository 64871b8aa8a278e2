import type DataLoader from "dataloader";
import { type EntityManager, type EntityTarget, type FindOptionsWhere, In, LessThan, MoreThan } from "typeorm";
import { badInput } from "../../errors";
import { batching } from "./loaders";

interface Row {
  id: string;
}

/** Rows are ordered by id, which is the order of their creation, and stays stable when rows are deleted. */
export type Order = "ASC" | "DESC";

/** One page of a list. The rows of the whole list are only counted on request. */
export interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  count(): Promise<number>;
}

export interface PageRequest {
  readonly first: number;
  readonly after?: string | null;
}

/** Loads one page of the rows that match `where`, with one statement, and one more for the count. */
export async function pageOf<Entity extends Row>(
  manager: EntityManager,
  entity: EntityTarget<Entity>,
  where: FindOptionsWhere<Entity>,
  { first, after }: PageRequest,
  order: Order,
): Promise<Page<Entity>> {
  const rows = await manager
    .createQueryBuilder(entity, "entity")
    .where({ ...where, ...afterCursor(after, order) })
    .orderBy("entity.id", order)
    .take(first + 1)
    .getMany();
  return pageFrom(rows, first, () => manager.countBy(entity, where));
}

/** Loads pages of rows for many parents, with one statement for all parents. */
export class PageLoader<Entity extends Row> {
  private readonly pages = new Map<string, DataLoader<string, Page<Entity>>>();

  constructor(
    private readonly manager: EntityManager,
    private readonly entity: EntityTarget<Entity>,
    private readonly parent: keyof Entity & string,
    private readonly order: Order,
  ) {}

  /** @param filterName must be equal for equal filters, which are loaded in one batch */
  load(
    parentId: string,
    page: PageRequest,
    filterName = "",
    filter: FindOptionsWhere<Entity> = {},
  ): Promise<Page<Entity>> {
    const key = JSON.stringify([page.first, page.after ?? null, filterName]);
    let loader = this.pages.get(key);
    if (!loader) this.pages.set(key, (loader = this.loader(page, filter)));
    return loader.load(parentId);
  }

  private loader({ first, after }: PageRequest, filter: FindOptionsWhere<Entity>): DataLoader<string, Page<Entity>> {
    const counts = batching((ids) => this.countAll(ids, filter));
    return batching(async (ids) => {
      const rows = await this.rows(ids, first + 1, { ...filter, ...afterCursor(after, this.order) });
      const byParent = new Map<unknown, Entity[]>(ids.map((id) => [id, []]));
      for (const row of rows) byParent.get(row[this.parent])?.push(row);
      return ids.map((id) => pageFrom(byParent.get(id) ?? [], first, () => counts.load(id)));
    });
  }

  private rows(ids: readonly string[], limit: number, filter: FindOptionsWhere<Entity>): Promise<Entity[]> {
    const ranked = this.manager
      .createQueryBuilder(this.entity, "candidate")
      .select("candidate.id", "id")
      .addSelect(
        `ROW_NUMBER() OVER (PARTITION BY candidate.${this.parent} ORDER BY candidate.id ${this.order})`,
        "ordinal",
      )
      .where({ ...filter, [this.parent]: In([...ids]) });

    return this.manager
      .createQueryBuilder(this.entity, "entity")
      .where(`entity.id IN (SELECT id FROM (${ranked.getQuery()}) ranked WHERE ordinal <= :limit)`)
      .setParameters({ ...ranked.getParameters(), limit })
      .orderBy("entity.id", this.order)
      .getMany();
  }

  private async countAll(ids: readonly string[], filter: FindOptionsWhere<Entity>): Promise<number[]> {
    const counts = await this.manager
      .createQueryBuilder(this.entity, "entity")
      .select(`entity.${this.parent}`, "parent")
      .addSelect("COUNT(*)", "total")
      .where({ ...filter, [this.parent]: In([...ids]) })
      .groupBy(`entity.${this.parent}`)
      .getRawMany<{ parent: string; total: string | number }>();
    const totals = new Map(counts.map(({ parent, total }) => [parent, Number(total)]));
    return ids.map((id) => totals.get(id) ?? 0);
  }
}

function pageFrom<Entity extends Row>(rows: Entity[], first: number, count: () => Promise<number>): Page<Entity> {
  const nodes = rows.slice(0, first);
  const last = nodes.at(-1);
  return {
    nodes,
    pageInfo: { hasNextPage: rows.length > first, endCursor: last ? Buffer.from(last.id).toString("base64url") : null },
    count,
  };
}

function afterCursor<Entity extends Row>(cursor: string | null | undefined, order: Order): FindOptionsWhere<Entity> {
  if (cursor == null) return {};
  const id = Buffer.from(cursor, "base64url").toString();
  if (!/^[0-9a-f-]{36}$/.test(id)) throw badInput({ field: "after", message: "must be an `endCursor` of this list" });
  return { id: order === "ASC" ? MoreThan(id) : LessThan(id) } as FindOptionsWhere<Entity>;
}
