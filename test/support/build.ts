import { execFileSync } from "node:child_process";

/** Builds the server and the console before any test. An incremental build takes about a second. */
export default function build(): void {
  execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", "tsconfig.build.json"], {
    stdio: "inherit",
  });
  execFileSync(process.execPath, ["console/build.mjs"], { stdio: "inherit" });
}
