import { randomBytes } from "node:crypto";

export interface BrowserPage {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

/** The parts of a page that the frame of all pages takes. `${nonce}` in them is replaced. */
interface PageParts {
  readonly style: string;
  readonly body: string;
  readonly script: string;
  /** The sources that the page may load from and connect to, besides its own script and style. */
  readonly policy: readonly string[];
}

/** Puts a page together, with a policy that runs nothing but the script given here. */
export function browserPage({ style, body, script, policy }: PageParts): BrowserPage {
  const nonce = randomBytes(16).toString("base64");
  const contentSecurityPolicy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    ...policy,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>Latchkey</title>
<style nonce="${nonce}">
${style}
</style>
</head>
<body>
${body.replaceAll("${nonce}", nonce)}
<script nonce="${nonce}">
${script}
</script>
</body>
</html>
`;
  return { html, contentSecurityPolicy };
}
