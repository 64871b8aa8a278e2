import { execFileSync } from "node:child_process";

/** Builds the server and the console before any test. It takes no time if they are up to date. */
export default function build(): void {
  execFileSync(process.execPath, ["build.mjs"], { stdio: "inherit" });
}
