import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { constants, Script } from "node:vm";

/** Beside the module. V8 refuses it if it comes from another version, or from other options that change the code. */
const cacheOf = (path: string): string => `${path}.cache`;

/** Loads a module that bundle.mjs has made, with what V8 compiled of it earlier, if saveCompiled() has stored that. */
export function requireCompiled(path: string): unknown {
  return evaluate(compile(path), path);
}

/** Loads such a module, and stores what V8 has compiled of it once this work has used it without an exit code. */
export async function saveCompiled(path: string, use: (exports: unknown) => Promise<void>): Promise<void> {
  const script = compile(path);
  await use(evaluate(script, path));
  if (process.exitCode === undefined) writeFileSync(cacheOf(path), script.createCachedData());
}

function compile(path: string): Script {
  // As it has one byte for each character, V8 uses it where it lies, outside the heap.
  return new Script(readFileSync(path, "latin1"), {
    filename: path,
    cachedData: readOptional(cacheOf(path)),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

function evaluate(script: Script, path: string): unknown {
  const module = { exports: {} };
  const load = script.runInThisContext() as (...parts: unknown[]) => void;
  load(module.exports, createRequire(path), module, path, dirname(path), importModule);
  return module.exports;
}

/** Stands for `import()` of packages, as that of scripts is experimental in Node.js, which warns of it. */
const importModule = (specifier: string): Promise<unknown> => import(specifier);

function readOptional(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
