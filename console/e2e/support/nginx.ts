import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../test/support/free-port";

/** The path at which Debian installs it; undefined if it is not installed. */
export const nginxPath = ["/usr/sbin/nginx", "/usr/bin/nginx"].find((path) => existsSync(path));

export interface Nginx {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts nginx in a folder of its own. @param location what stands in its `server` block */
export async function startNginx(location: string): Promise<Nginx> {
  if (nginxPath === undefined) throw new Error("There is no nginx");
  const folder = mkdtempSync(join(tmpdir(), "latchkey-nginx-"));
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off;
pid ${folder}/pid;
error_log ${folder}/error.log;
worker_processes 1;
events {}
http {
  access_log off;
  ${temporary.join("\n  ")}
  server {
    listen 127.0.0.1:${port};
    ${location}
  }
}
`,
  );
  const program = spawn(nginxPath, ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: "inherit" });
  const ended = new Promise<void>((resolve) => program.once("exit", () => resolve()));
  await waitUntilListening(port);
  return {
    port,
    async stop() {
      program.kill("SIGQUIT");
      setTimeout(() => program.kill("SIGTERM"), 1_000).unref();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function waitUntilListening(port: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
