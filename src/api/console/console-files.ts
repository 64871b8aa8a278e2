import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import Negotiator from "negotiator";

/** The folder into which the build puts the console. */
export const consoleFolder = join(__dirname, "../../../console");

const mediaTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json; charset=utf-8",
  ".graphql": "text/plain; charset=utf-8",
};

/** The names of compressed forms, the preferred one first, each with the end of its files' names. */
const encodings = { br: ".br", gzip: ".gz" } as const;
type Encoding = keyof typeof encodings;

export interface ConsoleFile {
  readonly mediaType: string;
  readonly etag: string;
  /** Whether its name has a hash of its content, so that it never changes. */
  readonly isImmutable: boolean;
  readonly content: Readonly<Record<"identity", Buffer> & Partial<Record<Encoding, Buffer>>>;
}

/**
 * Reads all files of the console, which are about a megabyte, so that serving them touches no disk.
 *
 * @returns the files by their paths, such as `assets/index.js`; none if the console has not been built
 */
export function readConsoleFiles(folder = consoleFolder): ReadonlyMap<string, ConsoleFile> {
  if (!statSync(join(folder, "index.html"), { throwIfNoEntry: false })) return new Map();
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  const isCompressed = (name: string) => Object.values(encodings).some((end) => name.endsWith(end));
  return new Map(
    names
      .filter((name) => !isCompressed(name))
      .map((name) => {
        const identity = readFileSync(join(folder, name));
        const compressed = Object.entries(encodings)
          .filter(([, end]) => names.includes(name + end))
          .map(([encoding, end]) => [encoding, readFileSync(join(folder, name + end))] as const);
        const path = name.replaceAll("\\", "/");
        return [
          path,
          {
            mediaType: mediaTypes[extname(name)] ?? "application/octet-stream",
            etag: `"${createHash("sha256").update(identity).digest("base64url").slice(0, 22)}"`,
            isImmutable: path.startsWith("assets/"),
            content: { identity, ...Object.fromEntries(compressed) },
          },
        ];
      }),
  );
}

/** The smallest form of a file that the client accepts. */
export function chooseEncoding({ content }: ConsoleFile, acceptEncoding = ""): "identity" | Encoding {
  const accepted = new Negotiator({ headers: { "accept-encoding": acceptEncoding } }).encodings();
  return (["br", "gzip"] as const).find((each) => content[each] && accepted.includes(each)) ?? "identity";
}

/**
 * The page for a path of the console. Its addresses are relative, as a proxy may serve it below any path, so that each
 * further segment of the path needs a `../`.
 *
 * @param depth how many slashes the path has after `/console/`
 */
export const pageAt = (page: string, depth: number): string =>
  page.replaceAll(/(src|href)="\.\//g, `$1="${depth === 0 ? "./" : "../".repeat(depth)}`);
