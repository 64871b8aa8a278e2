import { execFileSync } from "node:child_process";

/** Builds the server before any test. An incremental build takes about a second. */
export default function build(): void {
  execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", "tsconfig.build.json"], {
    stdio: "inherit",
  });
}
