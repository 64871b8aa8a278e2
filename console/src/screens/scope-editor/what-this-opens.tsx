import { useQuery } from "@tanstack/react-query";
import { isOpen, openToKeys } from "../../api/requirements";
import { requirementsQuery } from "../../api/schema-text";
import { count } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { type GrantedPermissions, runtimePermissions } from "../../parts/permissions";
import { Problem } from "../../parts/problem";

interface WhatThisOpensProps {
  readonly permissions: GrantedPermissions;
  /** The stored scope, to tell what the change opens and closes. */
  readonly stored?: GrantedPermissions | undefined;
}

/** The fields of the API that a key with these permissions may use, by what the schema itself says they require. */
export function WhatThisOpens({ permissions, stored }: WhatThisOpensProps) {
  const { data, error } = useQuery(requirementsQuery);
  const fields = openToKeys(
    data ?? [],
    runtimePermissions.map(({ value }) => value),
  );
  const opened = fields.filter((field) => isOpen(field, permissions)).length;
  return (
    <section className="card" aria-labelledby="opens-title">
      <div className="card-head">
        <h2 id="opens-title">What this opens</h2>
        <span className="text-sm text-text-2" aria-live="polite">
          {data && `${String(opened)} of ${count(fields.length, "field")}`}
        </span>
      </div>
      <Problem error={error} />
      <ul className="flex flex-col gap-1 px-4 py-3">
        {fields.map((field) => {
          const now = isOpen(field, permissions);
          const before = stored ? isOpen(field, stored) : now;
          return (
            <li key={`${field.operation}.${field.field}`} className="flex items-center justify-between gap-3">
              <span
                className="flex min-w-0 items-center gap-2"
                data-tip={`${field.operation}.${field.field} requires ${field.requires}\n${field.description}`}
              >
                <Verdict tone={now ? "allow" : "off"}>
                  <code className={now ? "" : "text-text-3"}>{field.field}</code>
                  <span className="sr-only">{now ? ": allowed" : ": refused"}</span>
                </Verdict>
              </span>
              {now === before ? (
                !now && <span className="text-xs whitespace-nowrap text-text-3">{forKeys(field.requires)}</span>
              ) : (
                <span className={`text-xs font-medium ${now ? "text-allow" : "text-refuse"}`}>
                  {now ? "opens" : "closes"}
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const administratorsOnly = /^(?:admin|KEY_MANAGER|AUDITOR)\b/;

/** The requirement for a key, without the roles of administrators. */
const forKeys = (requires: string): string =>
  requires
    .split(" or ")
    .filter((alternative) => !administratorsOnly.test(alternative))
    .join(" or ");
