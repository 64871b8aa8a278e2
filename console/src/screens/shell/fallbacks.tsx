import { Link } from "@tanstack/react-router";
import { Page } from "../../parts/page";
import { Problem } from "../../parts/problem";

/** A screen that failed, or whose files are gone since a newer version was put in place. */
export function ScreenError({ error, reset }: { error: unknown; reset: () => void }) {
  const isStale = /dynamically imported module|importing a module|Failed to fetch/i.test(String(error));
  return (
    <Page title={isStale ? "There is a newer version of the console" : "This screen failed"}>
      {isStale ? (
        <div className="flex max-w-[56ch] flex-col items-start gap-4">
          <p className="text-text-2">This screen's files are no longer on the server. Load the page again to go on.</p>
          <button type="button" className="btn btn-primary" onClick={() => location.reload()}>
            Load again
          </button>
        </div>
      ) : (
        <div className="max-w-[72ch]">
          <Problem error={error} retry={reset} />
        </div>
      )}
    </Page>
  );
}

export function NotFound() {
  return (
    <Page title="There is nothing here" lead="The address may be mistyped, or what it names was deleted.">
      <Link to="/apps" className="btn">
        All apps
      </Link>
    </Page>
  );
}
