import { createRequire } from "node:module";
import { runInThisContext } from "node:vm";

const nodeProcess = runInThisContext("process") as {
  getBuiltinModule(name: "node:module"): { createRequire: typeof createRequire };
};

/** Loads a package by Node.js itself, also one that has only ES modules, which Jest can't require. */
export const requireByNode = nodeProcess.getBuiltinModule("node:module").createRequire(__filename);
