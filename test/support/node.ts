import { runInThisContext } from "node:vm";

/** The globals that the server has. Jest gives tests others of the same names, in a realm of their own. */
export const node = runInThisContext("globalThis") as typeof globalThis;
