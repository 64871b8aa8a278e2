import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sandboxArguments } from "../../src/retrieval/sandbox";

const script = join(__dirname, "../support/hostile-script.js");
const folder = mkdtempSync(join(tmpdir(), "latchkey-sandbox-"));
let listener: Server;
let connections = 0;

beforeAll(async () => {
  listener = createServer((socket) => {
    connections++;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
});
afterAll(() => {
  listener.close();
  rmSync(folder, { recursive: true });
});

test("a process that reads a document can do nothing but that, even if the document has taken it over", async () => {
  const document = join(folder, "document");
  writeFileSync(document, "The barn is red.");
  const [, ...options] = sandboxArguments("extractor.js", 128).toReversed();
  const { port } = listener.address() as { port: number };
  // Asynchronous connections would arrive while this process waits, and are counted afterwards.
  const { stdout } = spawnSync(
    process.execPath,
    [`--allow-fs-read=${script}`, ...options.toReversed(), script, String(port)],
    { stdio: [openSync(document, "r"), "pipe", "ignore"], env: {}, encoding: "utf8" },
  );
  const { environment, document: read, ...attempts } = JSON.parse(stdout) as Record<string, unknown>;
  expect({ environment, read }).toEqual({ environment: [], read: "The barn is red." });
  expect(Object.keys(attempts)).toHaveLength(22);
  const refusals = ["ERR_ACCESS_DENIED", "ERR_DLOPEN_DISABLED", "TypeError"];
  expect(Object.entries(attempts).filter(([, result]) => !refusals.includes(String(result)))).toEqual([]);

  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(connections).toBe(0);
  expect(existsSync(join(__dirname, "../support/written"))).toBe(false);
});
