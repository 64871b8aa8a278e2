import { useEffect, useState } from "react";
import { formatExact, formatRelative, formatTime, truncateMiddle, zoneName } from "./format";
import { timePreference } from "./preferences";

/** A name in any script; a long one is cut in its middle, with the whole as a tooltip. */
export function Name({ children, max = 48 }: { children: string; max?: number }) {
  const shown = truncateMiddle(children, max);
  return <bdi {...(shown === children ? {} : { "data-tip": children })}>{shown}</bdi>;
}

function useNow(intervalMs: number): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(new Date());
    }, intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs]);
  return now;
}

interface TimeProps {
  readonly at: string | null | undefined;
  /** The text that is shown if there is no time. */
  readonly none?: string;
  /** Whether the keyboard reaches it, for its tooltip. Not in tables, whose rows would have too many stops. */
  readonly focusable?: boolean;
}

/** A time: relative or exact as the person has chosen, always exact in the tooltip. */
export function Time({ at, none = "–", focusable = false }: TimeProps) {
  const style = timePreference.use();
  const now = useNow(15_000);
  if (!at) return <span className="text-text-3">{none}</span>;
  const date = new Date(at);
  const exact = [`${formatExact(date, "local", true)} ${zoneName(date)}`, `${formatExact(date, "utc", true)} UTC`];
  const shown = style === "relative" ? formatRelative(date, now) : formatExact(date, style);
  return (
    <time dateTime={at} data-tip={[...new Set(exact)].join("\n")} {...(focusable ? { tabIndex: 0 } : {})}>
      {shown}
    </time>
  );
}

/** A time of today to the millisecond, for what has just happened. */
export function Clock({ at }: { at: string }) {
  return <time dateTime={at}>{formatTime(new Date(at), true)}</time>;
}
