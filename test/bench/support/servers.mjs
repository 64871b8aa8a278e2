import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { URL } from "node:url";

const adminKey = "the-administrators-key-of-the-benchmark";
const pathOf = (path) => new URL(path, import.meta.url).pathname;
const ownBuild = pathOf("../../../");

/** Starts a script that prints the URL of its API. It ends with this process. */
async function start(script, environment, ...args) {
  const dataDir = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
  const server = spawn(process.execPath, [script, ...args], {
    env: { PORT: "0", DATA_DIR: dataDir, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.once("exit", () => {
    server.kill("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  });
  const url = await new Promise((resolve, reject) => {
    let output = "";
    server.once("exit", () => reject(new Error(`${script} has ended`)));
    server.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      const [found] = /http:\/\/[\w.:]+\/graphql/.exec(output) ?? [];
      if (found) resolve(new URL(found));
    });
  });
  return { url, pid: server.pid, dataDir };
}

/**
 * Starts a built Latchkey with an app and a key that may do everything with agents and run them.
 *
 * @param build the folder of the build
 */
export async function startLatchkey(environment = {}, build = ownBuild) {
  const script = join(build, "dist/src/latchkey.js");
  const variables = { ADMIN_KEY: adminKey, LOG_LEVEL: "error", ...environment };
  const server = await start(script, variables, "start");
  const administer = async (query, variables) => {
    const response = await fetch(server.url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${adminKey}` },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return Object.values(data)[0];
  };
  const { app } = await administer(`mutation { createApp(input: { name: "bench" }) { app { id } } }`);
  const { scope } = await administer(
    `mutation ($appId: ID!) {
      createScope(input: { appId: $appId, name: "bench", permissions: { agents: FULL, runtime: [RUN, SESSION_CREATE] } }) {
        scope { id }
      }
    }`,
    { appId: app.id },
  );
  const { secret } = await administer(
    `mutation ($id: ID!) { createApiKey(input: { scopeId: $id, name: "bench" }) { secret } }`,
    { id: scope.id },
  );
  return { ...server, administer, appId: app.id, header: `x-api-key: ${secret}` };
}

/** Starts a built Latchkey with an app that may have as many agents as a benchmark creates. */
export async function startUnlimited(environment, build) {
  const server = await startLatchkey(environment, build);
  const raise = `mutation ($id: ID!) { updateApp(input: { id: $id, limits: { agents: 1000000 } }) { app { id } } }`;
  await server.administer(raise, { id: server.appId });
  return server;
}

/** Starts Apollo Server on Fastify with the same agents, and without any key. */
export const startBare = async (environment = {}) => ({
  ...(await start(pathOf("./bare-apollo.mjs"), environment)),
  header: undefined,
});
