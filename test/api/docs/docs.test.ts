import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { warmReader } from "../../support/documents";
import { freePort } from "../../support/free-port";
import { useModelServer } from "../../support/model-server";
import { useServer } from "../../support/server";
import { inShell } from "../../support/shell";

const models = useModelServer();
const server = useServer({ MODEL_ALLOWED_HOSTS: "127.0.0.1" });

/** The blocks of code of the examples, by language, with addresses and the key of servers that run. */
async function examples(): Promise<{ commands: string; receiver: string; answers: string }> {
  const readme = await readFile("README.md", "utf8");
  const sections = ["The idea", "Models", "Documents", "Callbacks"].map((title) => {
    const [, section = ""] = new RegExp(`\n## ${title}\n([^]*?)\n## `).exec(readme) ?? [];
    return section;
  });
  const port = await freePort();
  const blocks = (language: string) =>
    [...sections.join("").matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))]
      .map(([, block]) => block)
      .join("")
      .replaceAll("4001", String(port));
  return {
    commands: blocks("sh")
      .replaceAll("http://127.0.0.1:4000/graphql", server.current.url)
      .replaceAll("http://127.0.0.1:4000", new URL(server.current.url).origin)
      .replaceAll("http://127.0.0.1:11434/v1", models.current.baseUrl)
      .replaceAll("llama3.2:1b", "good"),
    receiver: blocks("js"),
    answers: blocks("text"),
  };
}

test("the examples of the README give what the README shows", async () => {
  await warmReader(server.current);
  const { commands, receiver, answers } = await examples();
  const folder = await mkdtemp(join(tmpdir(), "latchkey-readme-"));
  try {
    await mkdir(join(folder, "data"));
    const [, bearer = ""] = server.current.admin.credential ?? [];
    await writeFile(join(folder, "data/admin.key"), bearer.replace("Bearer ", ""));
    await writeFile(join(folder, "receiver.mjs"), receiver);
    await symlink(resolve("node_modules"), join(folder, "node_modules"));
    const printed = await inShell(commands, folder);

    expect(commands.match(/127\.0\.0\.1:\d+\/(graphql|v1)/g)).toHaveLength(3);
    expect(printed.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "...")).toBe(answers);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
