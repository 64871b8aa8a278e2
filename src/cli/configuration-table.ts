import { configurationTable, type ConfigurationVariable } from "../config/variables";

/** Renders all environment variables as a Markdown table, for the documentation. */
export function renderConfigurationTable(): string {
  const rows = [
    ["variable", "default", "meaning"],
    ...Object.entries(configurationTable).map(([name, variable]) => [
      code(name),
      defaultOf(variable),
      variable.description,
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lineOf = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [header = [], ...body] = rows;
  return [lineOf(header), lineOf(widths.map((width) => "-".repeat(width))), ...body.map(lineOf)].join("\n");
}

const defaultOf = ({ defaultValue, unset = "" }: ConfigurationVariable): string =>
  defaultValue === undefined ? unset : code(defaultValue);

const code = (text: string): string => `\`${text}\``;
