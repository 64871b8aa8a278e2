/** Payload with Next.js, which `npm install` has built. */
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { createServer, ServerResponse } from "node:http";
import { join } from "node:path";
import next from "next";

/** An answer with its length in place of chunks, which the client of the benchmark does not read. */
class WholeResponse extends ServerResponse {
  chunks = [];

  flushHeaders() {
    // They are sent at the end.
  }

  write(chunk) {
    this.chunks.push(Buffer.from(chunk));
    return true;
  }

  end(chunk) {
    if (chunk) this.write(chunk);
    return super.end(Buffer.concat(this.chunks));
  }
}

const output = execFileSync(process.execPath, [join(import.meta.dirname, "setup.mjs")], {
  encoding: "utf8",
  env: { ...process.env, NODE_ENV: "development" },
  stdio: ["ignore", "pipe", "inherit"],
});
const [, key] = /key (\S+)$/.exec(output);
const app = next({ dev: false, dir: import.meta.dirname });
await app.prepare();
const server = createServer({ ServerResponse: WholeResponse }, app.getRequestHandler());
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/api/graphql\nauthorization: users API-Key ${key}`);
});
