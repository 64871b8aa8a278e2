import { readFileSync } from "node:fs";
import { join } from "node:path";

const packageFile = join(__dirname, "../../../../package.json");

/** The version of this program, such as `1.2.3`. */
export const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { readonly version: string };
