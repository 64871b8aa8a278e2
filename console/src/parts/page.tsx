import { useRouterState } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";

/** Whether a screen was left for another: the first one of a visit does not take the focus. */
let hasNavigated = false;
export const noteNavigation = (): void => {
  hasNavigated = true;
};

interface PageProps {
  readonly title: string;
  /** The title of the browser's tab, if it differs. */
  readonly tab?: string;
  readonly lead?: ReactNode;
  readonly above?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A screen: its title, which takes the focus once it is shown, its actions and its content. */
export function Page({ title, tab, lead, above, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(() => {
    if (hasNavigated) heading.current?.focus({ preventScroll: true });
  }, [path]);
  const tabTitle = `${tab ?? title} · Latchkey`;
  useEffect(() => {
    document.title = tabTitle;
  }, [tabTitle]);
  return (
    <div className="page">
      {above && <div className="mb-1 text-sm text-text-2">{above}</div>}
      <div className="mb-5 flex flex-wrap items-start justify-between gap-x-4 gap-y-3">
        <div className="min-w-0">
          <h1 ref={heading} tabIndex={-1}>
            <bdi>{title}</bdi>
          </h1>
          {lead && <div className="mt-1 max-w-[96ch] text-text-2">{lead}</div>}
        </div>
        {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
      {children}
    </div>
  );
}

/** Says why a list is empty, and what to do. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="card px-6 py-10 text-center">
      <p className="font-semibold">{title}</p>
      {children && <div className="mx-auto mt-1 max-w-[56ch] text-text-2">{children}</div>}
      {action && <div className="mt-4 flex justify-center gap-2">{action}</div>}
    </div>
  );
}

/** A part of a screen with a title of its own. */
export function Card({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="card">
      <div className="card-head">
        <h2>{title}</h2>
        {actions && <div className="flex gap-2">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** Rows in place of a table's until they come; visible only after 200 ms. */
export function SkeletonRows({ rows = 5, columns }: { rows?: number; columns: number }) {
  return Array.from({ length: rows }, (_, row) => (
    <tr key={row} aria-hidden="true">
      {Array.from({ length: columns }, (_, column) => (
        <td key={column}>
          <span className="skeleton" style={{ width: `${String(40 + ((row * 37 + column * 53) % 50))}%` }} />
        </td>
      ))}
    </tr>
  ));
}
