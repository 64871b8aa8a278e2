import { runInThisContext } from "node:vm";

/** The globals of the server. Jest gives tests separate globals of the same names, in another realm. */
export const node = runInThisContext("globalThis") as typeof globalThis;
