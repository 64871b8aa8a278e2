import { formatNumber } from "./format";
import { pageSize, type usePages } from "./use-pages";

interface PagerProps {
  readonly pages: ReturnType<typeof usePages>;
  /** The page that is shown; undefined as long as there is none. */
  readonly list:
    | {
        readonly nodes: readonly unknown[];
        readonly pageInfo: Parameters<ReturnType<typeof usePages>["next"]>[0];
        readonly totalCount?: number;
        readonly totalCountIsExact?: boolean;
      }
    | undefined;
  readonly noun: string;
  readonly plural?: string;
}

/** Says which part of a list is shown, and leads to its neighbours. */
export function Pager({ pages, list, noun, plural = `${noun}s` }: PagerProps) {
  if (!list) return null;
  const { pageInfo: info, totalCount, totalCountIsExact = true } = list;
  const shown = list.nodes.length;
  if (shown === 0 && pages.number === 1) return null;
  const from = (pages.number - 1) * pageSize + 1;
  const all = totalCount === undefined ? "" : ` of ${formatNumber(totalCount)}${totalCountIsExact ? "" : "+"}`;
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
