import { formatNumber } from "./format";
import { pageSize, type usePages } from "./use-pages";

interface PagerProps {
  readonly pages: ReturnType<typeof usePages>;
  readonly info: Parameters<ReturnType<typeof usePages>["next"]>[0] | undefined;
  readonly shown: number;
  readonly total?: { readonly count: number; readonly isExact: boolean } | undefined;
  readonly noun: string;
  readonly plural?: string;
}

/** Says which part of a list is shown, and leads to its neighbours. */
export function Pager({ pages, info, shown, total, noun, plural = `${noun}s` }: PagerProps) {
  if (!info || (shown === 0 && pages.number === 1)) return null;
  const from = (pages.number - 1) * pageSize + 1;
  const all = total ? ` of ${formatNumber(total.count)}${total.isExact ? "" : "+"}` : "";
  const isAlone = pages.number === 1 && !info.hasNextPage;
  return (
    <div className="mt-2 flex min-h-8 flex-wrap items-center justify-between gap-2 text-sm text-text-2">
      <p aria-live="polite">
        {isAlone
          ? `${formatNumber(shown)} ${shown === 1 ? noun : plural}`
          : `${formatNumber(from)}–${formatNumber(from + shown - 1)}${all} ${plural}`}
      </p>
      {!isAlone && (
        <div className="flex gap-2">
          <button
            type="button"
            className="btn btn-small"
            disabled={pages.number === 1}
            onClick={() => pages.previous(info)}
          >
            Previous
          </button>
          <button type="button" className="btn btn-small" disabled={!info.hasNextPage} onClick={() => pages.next(info)}>
            Next
          </button>
        </div>
      )}
    </div>
  );
}
