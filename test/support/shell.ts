import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Replaces curl if it is not installed. Supports the options of our examples: -s, -H, -d, -F. */
const curlSubstitute = `
  const { readFileSync } = require("node:fs");
  const { basename } = require("node:path");
  const [headers, form] = [new Headers(), new FormData()];
  let [url, body] = [undefined, undefined];
  const words = process.argv.slice(1);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "-s") continue;
    if (!word.startsWith("-")) { url = word; continue; }
    const value = words.shift();
    if (word === "-H") headers.set(...value.split(/: (.*)/s).slice(0, 2));
    else if (word === "-d") body = value;
    else if (word === "-F") {
      const [name, content] = value.split(/=(.*)/s);
      const file = content.startsWith("@") ? content.slice(1) : undefined;
      form.set(name, file ? new File([readFileSync(file)], basename(file)) : content);
      body = form;
    } else throw new Error("The substitute for curl does not support " + word);
  }
  fetch(url, { method: body === undefined ? "GET" : "POST", headers, body }).then((answer) => answer.text()).then((text) => process.stdout.write(text));
`;

/** Runs commands in a shell. @returns their output @throws {Error} if one fails */
export async function inShell(commands: string, folder = process.cwd()): Promise<string> {
  const curl = `command -v curl > /dev/null || curl() { '${process.execPath}' -e "$CURL_SUBSTITUTE" -- "$@"; }`;
  const env = { ...process.env, CURL_SUBSTITUTE: curlSubstitute };
  const { stdout } = await promisify(execFile)("sh", ["-euc", `${curl}\n${commands}`], { cwd: folder, env });
  return stdout;
}
