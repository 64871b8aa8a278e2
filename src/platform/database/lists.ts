import type { EntityManager, EntityMetadata, EntityTarget, FindOptionsWhere, SelectQueryBuilder } from "typeorm";
import { badInput } from "../../errors";
import { isShortText } from "./columns";
import { rowsAndEntities } from "./hydration";
import {
  type Count,
  countOf,
  idOfCursor,
  maxCount,
  type Order,
  type PageRequest,
  type PageRows,
  positionOf,
  type SortColumn,
} from "./pages";
import { preparedRows } from "./prepared-query";
import { templateOf } from "./where-template";

export interface Row {
  id: string;
}

/** The maximum number of bytes that one statement loads in texts. A page that would exceed it is shorter. */
const maxPageBytes = 8_000_000;

/**
 * Lists of one entity that differ in their parent only. A statement looks at no more rows of each list than it needs,
 * provided that an index has the columns of the conditions and then the id.
 */
export class Lists<Entity extends Row> {
  constructor(
    private readonly manager: EntityManager,
    private readonly entity: EntityTarget<Entity>,
    private readonly where: FindOptionsWhere<Entity>,
    private readonly order: Order,
    private readonly parent?: keyof Entity & string,
    private readonly sort?: SortColumn<Entity>,
  ) {}

  /** @param parents the ids of the parents; one that is undefined if there is a single list */
  async pages(request: PageRequest, parents: readonly (string | undefined)[]): Promise<PageRows<Entity>[]> {
    const size = sizeOf(request);
    const direction = this.directionOf(request);
    // Only what the indexes have, so that they are enough to find the candidates.
    const candidates = this.candidates(this.cursorsOf(request))
      .select("candidate.id", "id")
      .addSelect(this.parent ? `candidate.${this.parent}` : "''", "parent")
      .limit(size + 1);
    if (this.sort) candidates.addSelect(`candidate.${this.sort.column}`, "sorted");
    for (const column of this.sortedBy("candidate")) candidates.addOrderBy(column, direction);
    const ordered = [...(this.sort ? ["candidates.sorted"] : []), "candidates.id"];
    const ranked =
      `SELECT candidates.id AS id, ${this.bytesOf("measured")} AS bytes, ` +
      `ROW_NUMBER() OVER (PARTITION BY parent ORDER BY ${ordered.map((column) => `${column} ${direction}`).join(", ")}) AS ordinal, ` +
      `COUNT(*) OVER (PARTITION BY parent) AS found FROM (${union(branches(candidates, parents))}) candidates ` +
      `INNER JOIN \`${this.metadata.tableName}\` measured ON measured.id = candidates.id`;
    const measured = `SELECT id, ordinal, found, SUM(bytes) OVER (ORDER BY ordinal, id) AS total FROM (${ranked}) ranked`;

    const query = this.manager
      .createQueryBuilder(this.entity, "entity")
      .innerJoin(`(${measured})`, "page", "page.id = entity.id")
      .addSelect("page.found", "found")
      // At least one row, so that a reader gets on.
      .where("page.ordinal <= :size AND (page.ordinal = 1 OR page.total <= :maxPageBytes)", { size, maxPageBytes })
      .setParameters({ ...candidates.getParameters(), ...parametersOf(parents) });
    for (const column of this.sortedBy("entity")) query.addOrderBy(column, this.order);
    const { raw, entities } = await rowsAndEntities(query);

    const pages = parents.map(() => ({ rows: [] as Entity[], found: 0 }));
    const pageOfParent = new Map<unknown, (typeof pages)[number] | undefined>(parents.map((id, i) => [id, pages[i]]));
    entities.forEach((row, i) => {
      const page = pageOfParent.get(this.parent && row[this.parent]);
      page?.rows.push(row);
      if (page) page.found = Number(raw[i]?.["found"]);
    });
    return pages.map(({ rows, found }) => ({ rows, hasMore: found > rows.length }));
  }

  /**
   * The columns of properties, and ids; other columns are not needed to show these.
   *
   * @returns undefined if one of them may hold a long text, so that a page of them must be measured
   */
  shortColumns(properties: readonly string[]): readonly string[] | undefined {
    const { columns, target } = this.metadata;
    const selected = columns.filter(
      ({ propertyName, isSelect }) => isSelect && (/^id$|Id$/.test(propertyName) || properties.includes(propertyName)),
    );
    const isShort = selected.every(
      ({ type, propertyName, embeddedMetadata }) =>
        !embeddedMetadata && (type !== "text" || isShortText(target as new () => unknown, propertyName)),
    );
    return isShort ? selected.map(({ propertyName }) => propertyName) : undefined;
  }

  /** The page of a single list with these columns alone, of which the maximum number of rows is no more than a page. */
  async shortPage(manager: EntityManager, request: PageRequest, columns: readonly string[]): Promise<PageRows<Entity>> {
    const size = sizeOf(request);
    const direction = this.directionOf(request);
    const build = (where: FindOptionsWhere<Entity>, cursors: Cursors) => {
      const query = this.candidates(cursors, where)
        .select(columns.map((column) => `candidate.${column}`))
        .limit(size + 1);
      for (const column of this.sortedBy("candidate")) query.addOrderBy(column, direction);
      return query;
    };
    const cursors = this.cursorsOf(request);
    const template = templateOf(this.where, this.metadata);
    const found = template
      ? await preparedRows<Entity>(
          manager,
          [this.metadata.name, template.shape, columns, size, direction, this.sort?.column, Object.keys(cursors)].join(
            " ",
          ),
          { ...template.values, ...cursors },
          () => build(template.where, placeholdersOf(cursors)),
        )
      : (await rowsAndEntities(build(this.where, cursors))).entities;
    const rows = found.slice(0, size);
    return { rows: direction === this.order ? rows : rows.reverse(), hasMore: found.length > size };
  }

  async counts(parents: readonly (string | undefined)[]): Promise<Count[]> {
    const rows = this.candidates({})
      .select("1", "one")
      .limit(maxCount + 1);
    const counted = this.manager
      .createQueryBuilder()
      .select("counted.list", "list")
      .addSelect("counted.total", "total")
      .from(
        `(${branches(rows, parents)
          .map((query, i) => `SELECT ${i} AS list, COUNT(*) AS total FROM (${query}) rows${i}`)
          .join(" UNION ALL ")})`,
        "counted",
      )
      .setParameters({ ...rows.getParameters(), ...parametersOf(parents) });
    const totals = await counted.getRawMany<{ list: number | string; total: number | string }>();
    const byList = new Map(totals.map(({ list, total }) => [Number(list), Number(total)]));
    return parents.map((_, i) => countOf(byList.get(i) ?? 0));
  }

  private candidates(cursors: Cursors, where = this.where): SelectQueryBuilder<Entity> {
    const query = this.manager.createQueryBuilder(this.entity, "candidate").where(where);
    if (this.parent) query.andWhere(`candidate.${this.parent} = :parent`);
    const [lower, upper] = this.order === "ASC" ? ([">", "<"] as const) : (["<", ">"] as const);
    if (cursors.after !== undefined) this.bound(query, "after", lower);
    if (cursors.before !== undefined) this.bound(query, "before", upper);
    return query.setParameters(cursors);
  }

  private bound(query: SelectQueryBuilder<Entity>, name: "after" | "before", comparison: "<" | ">"): void {
    if (!this.sort) {
      query.andWhere(`candidate.id ${comparison} :${name}`);
      return;
    }
    const column = `candidate.${this.sort.column}`;
    // The first condition lets the index begin at the cursor.
    query.andWhere(
      `${column} ${comparison}= :${name}Value AND (${column} ${comparison} :${name}Value OR candidate.id ${comparison} :${name})`,
    );
  }

  /** @throws BAD_USER_INPUT if a cursor is of another list */
  private cursorsOf({ after, before }: PageRequest): Cursors {
    const positions = Object.entries({ after, before }).flatMap(([name, cursor]) => {
      if (cursor == null) return [];
      const field = name as "after" | "before";
      if (!this.sort) return [[name, idOfCursor(cursor, field)] as const];
      const { id, value } = positionOf(cursor, field);
      return [[name, id] as const, [`${name}Value`, value] as const];
    });
    return Object.fromEntries(positions);
  }

  private directionOf({ last }: PageRequest): Order {
    return last == null ? this.order : opposite(this.order);
  }

  /** The columns that define the order. */
  private sortedBy(alias: string): string[] {
    return [...(this.sort ? [`${alias}.${this.sort.column}`] : []), `${alias}.id`];
  }

  /** The size of the columns whose texts may be long. */
  private bytesOf(alias: string): string {
    const texts = this.metadata.columns.filter(
      ({ type, isSelect }) => isSelect && (type === "text" || type === "simple-json"),
    );
    return ["0", ...texts.map((text) => `COALESCE(OCTET_LENGTH(${alias}.\`${text.databaseName}\`), 0)`)].join(" + ");
  }

  private get metadata(): EntityMetadata {
    return this.manager.dataSource.getMetadata(this.entity);
  }
}

/** The place where a page begins or ends: ids and, in a list that is sorted by a column, its values. */
interface Cursors {
  readonly after?: string;
  readonly afterValue?: string;
  readonly before?: string;
  readonly beforeValue?: string;
}

const placeholdersOf = (cursors: Cursors): Cursors =>
  Object.fromEntries(Object.keys(cursors).map((name) => [name, `:${name}`]));

/** @throws BAD_USER_INPUT */
function sizeOf({ first, last }: PageRequest): number {
  const size = last ?? first;
  if (size == null) throw badInput({ field: "first", message: "must be an integer, unless `last` is" });
  return size;
}

const opposite = (order: Order): Order => (order === "ASC" ? "DESC" : "ASC");

/** The same query for the list of each parent. */
function branches(query: { getQuery(): string }, parents: readonly unknown[]): string[] {
  const text = query.getQuery();
  return parents.map((_, i) => text.replace(/:parent\b/, `:parent${i}`));
}

const union = (queries: readonly string[]): string =>
  queries.map((query, i) => `SELECT * FROM (${query}) list${i}`).join(" UNION ALL ");

const parametersOf = (parents: readonly (string | undefined)[]): Record<string, string> =>
  Object.fromEntries(parents.flatMap((id, i) => (id === undefined ? [] : [[`parent${i}`, id]])));
