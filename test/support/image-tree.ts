import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
}

/** The last stage of the Dockerfile copies these into the folder of the program. */
function copiedPaths(): string[] {
  const stages = readFileSync("Dockerfile", "utf8").split(/^FROM /m);
  const copies = [...(stages.at(-1) ?? "").matchAll(/^COPY (?:--from=\S+ )?(.+) (\S+)$/gm)];
  return copies.flatMap(([, from = ""]) => from.split(" ").map((path) => path.replace("/app/", "")));
}

/** The packages that `npm ci --omit=dev` installs, as the lock file says. */
function productionPackages(): string[] {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as Lock;
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && !dev && !devOptional)
    .map(([path]) => path);
}

/** These build the server. The image has none of them. */
const buildPackage = /^node_modules\/(?:typescript$|@types\/)/;

export interface ImageTree {
  readonly folder: string;
  /** Makes it a checkout of the source after `npm ci --omit=dev`, which was never built. */
  replaceBuildBySource(): void;
  remove(): void;
}

/**
 * Makes the tree of the image, without source, compiler
 * and packages of development. The packages are copies, as the processes that read documents may read nothing else.
 */
export function createImageTree(): ImageTree {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-image-"));
  for (const path of copiedPaths()) {
    if (path === "node_modules") continue;
    // Programs of tests may be built in the same folder.
    const filter = (source: string) => !source.startsWith(resolve("dist/test"));
    cpSync(resolve(path), join(folder, path), { recursive: true, filter });
  }
  // Packages for other platforms are not installed.
  const copy = (path: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(resolve(path), join(folder, path), { recursive: true });
  };
  const installed = productionPackages().filter((each) => existsSync(each));
  installed.filter((path) => !buildPackage.test(path)).forEach(copy);
  return {
    folder,
    replaceBuildBySource() {
      rmSync(join(folder, "dist"), { recursive: true });
      const sources = ["src", "ormconfig.ts", "tsconfig.json", "tsconfig.build.json", "package-lock.json"];
      [...sources, ...installed.filter((path) => buildPackage.test(path))].forEach(copy);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
