import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compressFiles } from "./build/compress-files.ts";

/** The server that `vite dev` passes requests to. */
const server = process.env["LATCHKEY_URL"] ?? "http://127.0.0.1:4000";

export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  // Relative, for a proxy that serves this below a path of its own. The server makes deep links work.
  base: command === "serve" ? "/console/" : "./",
  plugins: [react(), tailwindcss(), compressFiles()],
  build: {
    outDir: "../dist/console",
    emptyOutDir: true,
    // The policy of the page allows files of this server alone: no `data:` addresses and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Older targets would have light-dark() rewritten.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      [
        "/console/session",
        "/console/sessions",
        "/console/graphql",
        "/console/stream",
        "/console/sign-in",
        "/console/callback",
      ].map((path) => [path, server]),
    ),
  },
}));
