/** Replaces curl on machines that lack it, for the options that our documents use: -s, -S, -N, -i, -G, -H, -d, -F, -o, -w. */
const { readFileSync, createWriteStream } = require("node:fs");
const { basename } = require("node:path");
const { pipeline } = require("node:stream/promises");

const headers = new Headers();
const form = new FormData();
const request = { url: "", method: undefined, body: undefined };
let [isQuery, showsHeaders, target, format] = [false, false, undefined, ""];

const flags = { s: () => {}, S: () => {}, N: () => {}, i: () => (showsHeaders = true), G: () => (isQuery = true) };
const options = {
  "-H": (value) => headers.append(...value.split(/: (.*)/s).slice(0, 2)),
  "-d": (value) => (request.body = value),
  "--data-urlencode": (value) => {
    const [name, text] = value.split(/=(.*)/s);
    request.body = `${request.body === undefined ? "" : `${request.body}&`}${name}=${encodeURIComponent(text)}`;
  },
  "-F": (value) => {
    const [name, content] = value.split(/=(.*)/s);
    const file = content.startsWith("@") ? content.slice(1) : undefined;
    form.set(name, file ? new File([readFileSync(file)], basename(file)) : content);
    request.body = form;
  },
  "-o": (value) => (target = value),
  "-w": (value) => (format = value),
};

const words = process.argv.slice(3);
for (let word = words.shift(); word !== undefined; word = words.shift()) {
  const letters = /^-([a-zA-Z]{1,4})$/.exec(word)?.[1].split("") ?? [];
  if (Object.hasOwn(options, word)) options[word](words.shift());
  else if (letters.length > 0 && letters.every((letter) => Object.hasOwn(flags, letter)))
    for (const letter of letters) flags[letter]();
  else if (word.startsWith("-")) throw new Error(`This replacement of curl lacks the option ${word}`);
  else request.url = word;
}

async function main() {
  const url = isQuery ? `${request.url}?${request.body}` : request.url;
  const body = isQuery ? undefined : request.body;
  const response = await fetch(url, { method: body === undefined ? "GET" : "POST", headers, body, redirect: "manual" });
  if (showsHeaders) {
    const lines = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`);
    process.stdout.write(`HTTP/1.1 ${response.status} ${response.statusText}\r\n${lines.join("")}\r\n`);
  }
  const output = target === undefined ? process.stdout : createWriteStream(target);
  if (response.body) await pipeline(response.body, output, { end: target !== undefined });
  process.stdout.write(format.replaceAll("%{http_code}", `${response.status}`).replaceAll("\\n", "\n"));
}

main().catch((error) => {
  process.stderr.write(`curl: ${error.cause?.message ?? error.message}\n`);
  process.exitCode = 7;
});
