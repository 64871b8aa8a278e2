import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { useServer } from "./support/server";

const server = useServer();
const run = promisify(execFile);

/** The blocks of code of the example, by language, with the address and the key of a server that runs. */
async function example(): Promise<{ commands: string; answers: string }> {
  const readme = await readFile("README.md", "utf8");
  const [, section = ""] = /\n## The idea\n([^]*?)\n## /.exec(readme) ?? [];
  const blocks = (language: string) =>
    [...section.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))].map(([, block]) => block).join("");
  return {
    commands: blocks("sh").replaceAll("http://127.0.0.1:4000/graphql", server.current.url),
    answers: blocks("text"),
  };
}

test("the example of the README gives what the README shows", async () => {
  const { commands, answers } = await example();
  const folder = await mkdtemp(join(tmpdir(), "latchkey-readme-"));
  try {
    await mkdir(join(folder, "data"));
    const [, bearer = ""] = server.current.admin.credential ?? [];
    await writeFile(join(folder, "data/admin.key"), bearer.replace("Bearer ", ""));
    const { stdout } = await run("bash", ["-euo", "pipefail", "-c", commands], { cwd: folder });

    expect(commands.match(/127\.0\.0\.1:\d+\/graphql/g)).toHaveLength(2);
    expect(stdout.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "...")).toBe(answers);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
