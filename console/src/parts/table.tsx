import type { ReactNode } from "react";
import { SkeletonRows } from "./page";

interface TableProps {
  /** The titles of the columns. "wide" columns are left out in narrow windows, numbers stand at the right edge. */
  readonly heads: readonly (string | { readonly title: string; readonly className: "wide" | "num" })[];
  /** The title of the last column, which has buttons. Screen readers alone say it. */
  readonly buttons?: string;
  /** The name of a list in which nothing may take the focus. The keyboard can scroll it then. */
  readonly label?: string;
  /** Rows that stand in place of those that are not there yet. */
  readonly skeletonRows?: number;
  /** The rows; undefined as long as they are not there. */
  readonly children: readonly ReactNode[] | undefined;
}

/** The rows of a list under the titles of their columns. */
export function Table({ heads, buttons, label, skeletonRows = 5, children }: TableProps) {
  return (
    <div className="table-wrap" {...(label && { tabIndex: 0, role: "group", "aria-label": label })}>
      <table className={buttons ? "table has-buttons" : "table"}>
        <thead>
          <tr>
            {heads.map((head) => {
              const { title, className } = typeof head === "string" ? { title: head, className: undefined } : head;
              return (
                <th key={title} className={className}>
                  {title}
                </th>
              );
            })}
            {buttons && (
              <th>
                <span className="sr-only">{buttons}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>{children ?? <SkeletonRows columns={heads.length + (buttons ? 1 : 0)} rows={skeletonRows} />}</tbody>
      </table>
    </div>
  );
}
