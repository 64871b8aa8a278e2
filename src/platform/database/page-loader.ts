import type DataLoader from "dataloader";
import type { EntityManager, EntityTarget, FindOptionsWhere } from "typeorm";
import type { Database } from "./database";
import { batching } from "./loaders";
import { Lists, type Row } from "./lists";
import { countOf, type Order, type Page, pageFrom, type PageRequest, type SortColumn } from "./pages";

/** The maximum number of lists in one statement. SQLite combines at most 500 queries. */
const maxLists = 250;

/** The part of a list that a page shows. */
export interface PageOptions<Entity> {
  readonly sort?: SortColumn<Entity>;
  /** The properties to read, beside ids; all if they are left out. */
  readonly properties?: readonly string[];
}

/** Loads one page of the rows that match `where`, with one statement, and one more for the count. */
export async function pageOf<Entity extends Row>(
  db: Pick<Database, "read" | "lookup">,
  entity: EntityTarget<Entity>,
  where: FindOptionsWhere<Entity>,
  request: PageRequest,
  order: Order,
  { sort, properties }: PageOptions<Entity> = {},
): Promise<Page<Entity>> {
  const lists = new Lists(db.read, entity, where, order, undefined, sort);
  const columns = properties && lists.shortColumns(properties);
  const page = columns
    ? await lists.shortPage(db.lookup, request, columns)
    : ((await lists.pages(request, [undefined]))[0] ?? nothing);
  return pageFrom(
    page,
    request,
    async () => {
      const [count] = await lists.counts([undefined]);
      return count ?? countOf(0);
    },
    sort,
  );
}

/** Loads pages of rows for many parents, with one statement for all parents. */
export class PageLoader<Entity extends Row> {
  private readonly loaders = new Map<string, DataLoader<string, Page<Entity>>>();

  constructor(
    private readonly manager: EntityManager,
    private readonly entity: EntityTarget<Entity>,
    private readonly parent: keyof Entity & string,
    private readonly order: Order,
  ) {}

  /** @param filterName must be equal for equal filters, which are loaded in one batch */
  load(
    parentId: string,
    request: PageRequest,
    filterName = "",
    filter: FindOptionsWhere<Entity> = {},
  ): Promise<Page<Entity>> {
    const { first, after, last, before } = request;
    const key = JSON.stringify([first, after ?? null, last ?? null, before ?? null, filterName]);
    let loader = this.loaders.get(key);
    if (!loader) this.loaders.set(key, (loader = this.loader(request, filter)));
    return loader.load(parentId);
  }

  private loader(request: PageRequest, filter: FindOptionsWhere<Entity>): DataLoader<string, Page<Entity>> {
    const lists = new Lists(this.manager, this.entity, filter, this.order, this.parent);
    const counts = batching((ids) => inBatches(ids, (batch) => lists.counts(batch)));
    return batching(async (ids) => {
      const pages = await inBatches(ids, (batch) => lists.pages(request, batch));
      return ids.map((id, i) => pageFrom(pages[i] ?? nothing, request, () => counts.load(id)));
    });
  }
}

const nothing = { rows: [], hasMore: false };

async function inBatches<Value>(
  ids: readonly string[],
  load: (batch: readonly string[]) => Promise<Value[]>,
): Promise<Value[]> {
  const values: Value[] = [];
  for (let from = 0; from < ids.length; from += maxLists)
    values.push(...(await load(ids.slice(from, from + maxLists))));
  return values;
}
