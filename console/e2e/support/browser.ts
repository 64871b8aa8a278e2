import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Where Debian and Ubuntu have Chromium; first the one without windows, which takes half of the time. */
const usualPaths = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/google-chrome"];
const executablePath = process.env["CHROMIUM"] ?? usualPaths.find((path) => existsSync(path));

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

/** A visit whose context the next test may use. */
interface PooledVisit extends Visit {
  readonly faults: string[];
  /** Of its context; undefined if no other test may use it. */
  readonly options: string | undefined;
}

/**
 * Starts one browser for the tests of a file. Each visit has a context that no other visit of the test has, as cookies know
 * no ports. After each test, no page may have violated its policy or thrown.
 */
export function useBrowser(): {
  /** In a context that may have files of the console in its cache, and nothing else of an earlier test. */
  visit(options?: BrowserContextOptions): Promise<Visit>;
  /** In a new context. */
  firstVisit(): Promise<Visit>;
} {
  let browser: Browser | undefined;
  const visits: PooledVisit[] = [];
  const idle: PooledVisit[] = [];

  beforeAll(async () => {
    if (executablePath === undefined)
      throw new Error(
        "There is no Chromium. Install it (apt-get install chromium-headless-shell), or name it by CHROMIUM.",
      );
    browser = await chromium.launch({ executablePath, args: launchFlags });
  });
  afterEach(async () => {
    const ended = visits.splice(0);
    const faults = ended.flatMap((visit) => visit.faults);
    for (const visit of ended) {
      if (visit.options !== undefined && (await empty(visit.context))) idle.push(visit);
      else await visit.context.close();
    }
    expect(faults).toEqual([]);
  });
  afterAll(() => browser?.close());

  const open = async (options: BrowserContextOptions, isShared: boolean): Promise<PooledVisit> => {
    if (!browser) throw new Error("The browser is not available before the tests run");
    const context = await browser.newContext({ reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(timeoutMs);
    const faults: string[] = [];
    await context.exposeBinding("reportViolation", (_source, violation: string) => void faults.push(violation));
    await context.addInitScript({ content: reportViolations });
    context.on("weberror", (error) => void faults.push(`error: ${String(error.error())}`));
    return { context, page: await context.newPage(), faults, options: isShared ? JSON.stringify(options) : undefined };
  };
  const reopen = async (visit: PooledVisit): Promise<PooledVisit> => {
    visit.faults.splice(0);
    return { ...visit, page: await visit.context.newPage() };
  };
  const kept = (visit: PooledVisit): PooledVisit => {
    visits.push(visit);
    return visit;
  };

  return {
    async visit(options = {}) {
      const place = idle.findIndex((each) => each.options === JSON.stringify(options));
      const [found] = place === -1 ? [] : idle.splice(place, 1);
      return kept(await (found ? reopen(found) : open(options, true)));
    },
    firstVisit: async () => kept(await open({}, false)),
  };
}

/** Takes away all that a visit has left, but for the cache. @returns whether that was possible */
async function empty(context: BrowserContext): Promise<boolean> {
  try {
    await context.unrouteAll({ behavior: "ignoreErrors" });
    await context.setOffline(false);
    await context.clearCookies();
    for (const page of context.pages()) {
      if (page.url().startsWith("http")) await page.evaluate("localStorage.clear()");
      // Its scripts must not write anything more.
      await page.close();
    }
    return true;
  } catch {
    return false;
  }
}
