import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { useModelServer } from "./support/model-server";
import { useServer } from "./support/server";
import { inShell } from "./support/shell";

const models = useModelServer();
const server = useServer({ MODEL_ALLOWED_HOSTS: "127.0.0.1" });

/** The blocks of code of the examples, by language, with addresses and the key of servers that run. */
async function examples(): Promise<{ commands: string; answers: string }> {
  const readme = await readFile("README.md", "utf8");
  const sections = ["The idea", "Models", "Documents"].map((title) => {
    const [, section = ""] = new RegExp(`\n## ${title}\n([^]*?)\n## `).exec(readme) ?? [];
    return section;
  });
  const blocks = (language: string) =>
    [...sections.join("").matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))]
      .map(([, block]) => block)
      .join("");
  return {
    commands: blocks("sh")
      .replaceAll("http://127.0.0.1:4000/graphql", server.current.url)
      .replaceAll("http://127.0.0.1:4000", new URL(server.current.url).origin)
      .replaceAll("http://127.0.0.1:11434/v1", models.current.baseUrl)
      .replaceAll("llama3.2:1b", "good"),
    answers: blocks("text"),
  };
}

test("the examples of the README give what the README shows", async () => {
  const { commands, answers } = await examples();
  const folder = await mkdtemp(join(tmpdir(), "latchkey-readme-"));
  try {
    await mkdir(join(folder, "data"));
    const [, bearer = ""] = server.current.admin.credential ?? [];
    await writeFile(join(folder, "data/admin.key"), bearer.replace("Bearer ", ""));
    const printed = await inShell(commands, folder);

    expect(commands.match(/127\.0\.0\.1:\d+\/(graphql|v1)/g)).toHaveLength(3);
    expect(printed.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "...")).toBe(answers);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
