import { useState } from "react";
import { apiUrl } from "../api/place";
import { CopyButton } from "./copy";
import { Segments } from "./fields";

const languages = [
  { value: "curl", name: "curl" },
  { value: "fetch", name: "fetch" },
  { value: "python", name: "Python" },
] as const;
type Language = (typeof languages)[number]["value"];

const query = "{ viewer { name permissions { agents runtime } } }";

/** A first call with the key, ready to paste, with the real address. */
const snippets: Readonly<Record<Language, (key: string) => string>> = {
  curl: (key) => `curl ${apiUrl.href} \\
  -H 'x-api-key: ${key}' \\
  -H 'content-type: application/json' \\
  -d '{"query": "${query}"}'`,
  fetch: (key) => `const response = await fetch("${apiUrl.href}", {
  method: "POST",
  headers: { "x-api-key": "${key}", "content-type": "application/json" },
  body: JSON.stringify({ query: "${query}" }),
});
console.log(await response.json());`,
  python: (key) => `import json, urllib.request

request = urllib.request.Request(
    "${apiUrl.href}",
    data=json.dumps({"query": "${query}"}).encode(),
    headers={"x-api-key": "${key}", "content-type": "application/json"},
)
print(json.load(urllib.request.urlopen(request)))`,
};

export function SecretSnippets({ secret }: { secret: string }) {
  const [language, setLanguage] = useState<Language>("curl");
  const text = snippets[language](secret);
  return (
    <div>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
        <Segments label="Language of the first call" value={language} options={languages} onChange={setLanguage} />
        <CopyButton text={text} label="Copy the call" />
      </div>
      <pre
        className="max-h-48 overflow-auto rounded border border-line bg-canvas p-3 text-xs!"
        tabIndex={0}
        role="group"
        aria-label="A first call"
      >
        {text}
      </pre>
    </div>
  );
}
