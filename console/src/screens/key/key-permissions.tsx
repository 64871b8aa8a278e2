import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { isOpen, openToKeys } from "../../api/requirements";
import { requirementsQuery } from "../../api/schema-text";
import { Verdict } from "../../parts/marks";
import { agentLevels, runtimePermissions } from "../../parts/permissions";
import { Problem } from "../../parts/problem";
import type { KeyDetails } from "./key";

/** The permissions of the key's scope at this moment, and the fields of the API that they open. */
export function KeyPermissions({ appId, apiKey }: { appId: string; apiKey: KeyDetails }) {
  const { permissions } = apiKey.scope;
  const { data, error } = useQuery(requirementsQuery);
  const fields = openToKeys(
    data ?? [],
    runtimePermissions.map(({ value }) => value),
  );
  const level = agentLevels.find(({ value }) => value === permissions.agents);
  const editor = { appId, scopeId: apiKey.scope.id };
  return (
    <div className="flex flex-col gap-4 px-4 py-3">
      <ul className="flex flex-col gap-2">
        <li className="flex items-start justify-between gap-3">
          <span>
            <Verdict tone={permissions.agents === "NONE" ? "off" : "allow"}>Agents: {level?.name}</Verdict>
            <span className="block pl-4 text-sm text-text-2">
              {level?.adds}
              {permissions.agentAccess === "SELECTED" && ` Only ${String(permissions.agentIds.length)} selected.`}
            </span>
          </span>
          <Link
            to="/apps/$appId/scopes/$scopeId"
            params={editor}
            search={{ permission: permissions.agents }}
            className="link text-sm"
          >
            Change
          </Link>
        </li>
        {runtimePermissions.map(({ value, name, says }) => {
          const isGranted = permissions.runtime.includes(value);
          return (
            <li key={value} className="flex items-start justify-between gap-3">
              <span className="min-w-0">
                <Verdict tone={isGranted ? "allow" : "off"}>
                  {name}
                  <span className="sr-only">{isGranted ? ": allowed" : ": refused"}</span>
                </Verdict>
                <span className="block pl-4 text-sm text-text-2">{says}</span>
              </span>
              <Link
                to="/apps/$appId/scopes/$scopeId"
                params={editor}
                search={{ permission: value }}
                className="link text-sm"
                aria-label={`Change ${name} in the scope`}
              >
                Change
              </Link>
            </li>
          );
        })}
        {permissions.sessions === "OWN" && (
          <li className="text-sm text-text-2">Only sessions that keys of its scope opened.</li>
        )}
      </ul>
      <Problem error={error} />
      <p className="flex flex-wrap gap-x-3 gap-y-1 border-t border-line pt-3 text-sm">
        <span className="text-text-2">Opens</span>
        {fields
          .filter((field) => isOpen(field, permissions))
          .map(({ operation, field, description }) => (
            <code key={field} data-tip={`${operation}.${field}\n${description}`}>
              {field}
            </code>
          ))}
      </p>
    </div>
  );
}
