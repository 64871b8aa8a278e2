import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** The path of Chromium: `CHROMIUM`, or the one of Debian and Ubuntu. */
const executablePath =
  process.env["CHROMIUM"] ?? ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));

/** A name that is no secure context, as `localhost` is one. */
export const plainHost = "tools.test";

const launchFlags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--host-resolver-rules=MAP ${plainHost} 127.0.0.1`,
];

/** One failure must not cost minutes. */
const timeoutMs = 6_000;

/** Runs in each page. */
const reportViolations = `addEventListener("securitypolicyviolation", (event) => {
  const { violatedDirective, blockedURI, sourceFile, sample } = event;
  reportViolation(["policy:", violatedDirective, blockedURI, sourceFile, sample].join(" "));
});`;

/** A visit to the console, with what went wrong in its pages. */
export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Violations of the policy, and errors that no code of the page has handled. */
  readonly faults: readonly string[];
}

/**
 * Starts one browser for the tests of a file, and a context of its own for each visit, as cookies know no ports. After
 * each test, no page may have violated its policy or thrown.
 */
export function useBrowser(): { visit(options?: BrowserContextOptions): Promise<Visit> } {
  let browser: Browser | undefined;
  const visits: Visit[] = [];

  beforeAll(async () => {
    if (executablePath === undefined)
      throw new Error("There is no Chromium. Install it (apt-get install chromium), or name it by CHROMIUM.");
    browser = await chromium.launch({ executablePath, args: launchFlags });
  });
  afterEach(async () => {
    const ended = visits.splice(0);
    for (const { context } of ended) await context.close();
    expect(ended.flatMap(({ faults }) => faults)).toEqual([]);
  });
  afterAll(() => browser?.close());

  return {
    async visit(options = {}) {
      if (!browser) throw new Error("The browser is not available before the tests run");
      const context = await browser.newContext({ reducedMotion: "reduce", ...options });
      context.setDefaultTimeout(timeoutMs);
      const faults: string[] = [];
      await context.exposeBinding("reportViolation", (_source, violation: string) => void faults.push(violation));
      await context.addInitScript({ content: reportViolations });
      context.on("weberror", (error) => void faults.push(`error: ${String(error.error())}`));
      const visit = { context, page: await context.newPage(), faults };
      visits.push(visit);
      return visit;
    },
  };
}
