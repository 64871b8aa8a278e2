import { type FindOperator, Raw } from "typeorm";

/** The SQL condition that one of the columns has the parameter `search`. ASCII letters match in either case. */
export const containsText = (columns: readonly string[]): string =>
  `INSTR(LOWER(CONCAT_WS(' ', ${columns.join(", ")})), LOWER(:search)) > 0`;

/** The condition that the name of a row has a text; none without a text. */
export const nameHas = (search: string | null | undefined): { name?: FindOperator<string> } =>
  search == null ? {} : { name: Raw((name) => containsText([name]), { search }) as FindOperator<string> };
