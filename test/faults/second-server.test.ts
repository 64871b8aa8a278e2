import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TestProcess, useProcesses } from "../support/process";

const processes = useProcesses();
const redis = process.env["TEST_REDIS_URL"];

test("a second server on the same data refuses to start and names the first, whose runs go on", async () => {
  const first = await processes.serve(await processes.fresh());
  const app = await first.newApp();
  const { id } = await app.run({ agentId: await app.agent() });
  await first.sql(`UPDATE run SET status = 'RUNNING', finishedAt = NULL WHERE id = '${id}'`);

  const second = processes.run(first.environment);
  await second.exited;
  expect([second.exit, second.stdout]).toEqual([1, ""]);
  expect(second.stderr).toContain(`Another server works on the same data`);
  expect(second.stderr).toContain(`process ${first.pid} on ${hostname()}, since 20`);
  const { run } = await first.admin.data(`query ($id: ID!) { run(id: $id) { status } }`, { id });
  expect(run.status).toBe("RUNNING");
});

test("a server starts again after the one before was killed or stopped", async () => {
  let server = await processes.serve(await processes.fresh());
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    await server.end(signal);
    server = await processes.serve(server.environment);
    await server.newApp();
  }
});

test("commands work on the data of a running server", async () => {
  const server = await processes.serve(await processes.fresh());
  await (await server.newApp()).key();
  for (const command of [["migrate"], ["storage", "sweep"], ["secrets", "rotate"], ["keys", "revoke", "--all"]]) {
    expect({ command, ...(await processes.finish(server.environment, ...command)) }).toMatchObject({
      command,
      exit: 0,
    });
  }
});

if (redis && process.env["TEST_DATABASE_URL"]) {
  test("a server with Redis and one without do not start on the same data", async () => {
    const fresh = await processes.fresh();
    const shared = { ...fresh, ADMIN_KEY: randomUUID(), REDIS_URL: redis, REDIS_PREFIX: `test-${randomUUID()}` };
    const inCluster = await processes.serve(shared);
    const alone = processes.run(fresh);
    await alone.exited;
    expect([alone.exit, alone.stdout]).toEqual([1, ""]);
    expect(alone.stderr).toContain("Servers or workers with REDIS_URL work on the same data");
    await inCluster.newApp();

    await inCluster.end("SIGKILL");
    // The leftovers of the cluster do not keep a single server from starting.
    await processes.serve(fresh);
    const again = processes.run(shared);
    await again.exited;
    expect([again.exit, again.stdout]).toEqual([1, ""]);
    expect(again.stderr).toContain("Another server works on the same data");
  });
}

test("a data directory that does not answer is told within 5 s", async () => {
  const fresh = await processes.fresh();
  const hanging = join(fresh.DATA_DIR, "../hanging.js");
  await mkdir(fresh.DATA_DIR);
  // The thread that waits for the file system is occupied too, as it is by a drive that is away.
  await writeFile(
    hanging,
    `const fs = require("node:fs/promises");
     const { execFileSync } = require("node:child_process");
     const pipe = ${JSON.stringify(join(fresh.DATA_DIR, "pipe"))};
     execFileSync("mkfifo", [pipe]);
     fs.writeFile = () => fs.readFile(pipe);`,
  );
  const server = new TestProcess(fresh, ["start"], [], undefined, ["--require", hanging]);
  processes.add(server);
  const startedAt = performance.now();
  await server.exited;
  expect(performance.now() - startedAt).toBeLessThan(15_000);
  expect(server.stderr).toContain("The data directory (DATA_DIR) can't be used: it did not answer within 4 s");
});
