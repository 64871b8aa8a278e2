import { renderConfigurationTable } from "./configuration-table";

/** Prints the table of `docs/configuration.md`. */
process.stdout.write(`${renderConfigurationTable()}\n`);
