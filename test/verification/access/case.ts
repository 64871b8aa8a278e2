import { accessOf } from "../../support/access-table";
import type { TestGrants } from "../../support/test-app";
import type { Random } from "../random";
import { confinementOf, describeConfinement } from "./confinement";
import { type RootField, rootFields } from "./fields";

/** Every possible scope: each level on agents with each set of runtime permissions and each level on keys. */
export const scopes: readonly TestGrants[] = (["NONE", "VIEW", "EDIT", "FULL"] as const).flatMap((agents) =>
  Array.from({ length: 32 }, (_, set) => ({
    agents,
    runtime: (["RUN", "SESSION_CREATE", "SESSION_TERMINATE", "DOCUMENT_UPLOAD", "SESSION_VIEW"] as const).filter(
      (_, i) => set & (1 << i),
    ),
  })).flatMap((permissions) => [
    permissions,
    { ...permissions, keys: "VIEW" as const },
    { ...permissions, keys: "MANAGE" as const },
  ]),
);

/** Those whose keys are confined too: without rights on keys, which the table of access covers. */
export const confinedScopes = scopes.filter(({ keys }) => keys === undefined);

/** The kinds of credentials, and whether there is one for each scope. */
export const credentials = {
  valid: true,
  revoked: true,
  "other app": true,
  confined: true,
  administrator: true,
  "console session": true,
  "console session at the API": false,
  "console session from another page": false,
  malformed: false,
  unknown: false,
  none: false,
} as const;
export type Credential = keyof typeof credentials;

export const transports = ["POST", "GET", "WebSocket", "SSE", "multipart"] as const;
export type Transport = (typeof transports)[number];

/**
 * How the document selects the field. `included` and `excluded` are the same document with another value of the variable;
 * `combined` selects another field too.
 */
export const forms = ["plain", "alias", "fragment", "included", "excluded", "combined"] as const;
export type Form = (typeof forms)[number];

export interface AccessCase {
  readonly credential: Credential;
  /** An index of `scopes`; 0 if the credential has no scope. */
  readonly scope: number;
  readonly field: RootField;
  readonly transport: Transport;
  readonly form: Form;
}

const names = Object.keys(credentials) as Credential[];
/** Of the credentials of administrators, the index of a case is that of a role. */
export const administratorRoles = ["KEY_MANAGER", "AUDITOR", "CONFINED_ADMIN"] as const;

const hasRole = (credential: Credential): boolean => credential === "administrator" || credential === "console session";

/** Whether the operation is sent to the paths of the console, which take its cookie. */
export const isAtConsole = (credential: Credential): boolean =>
  credential === "console session" || credential === "console session from another page";

const consoleTransports: readonly Transport[] = ["POST", "SSE", "multipart"];

function scopeCount(credential: Credential): number {
  if (hasRole(credential)) return administratorRoles.length;
  if (credential === "confined") return confinedScopes.length;
  return credentials[credential] ? scopes.length : 1;
}

/** Administrators try only what their role denies: what it permits has no expected value that is the same each time. */
const isTried = ({ credential, scope, field, transport, form }: AccessCase): boolean => {
  if (isAtConsole(credential) && !consoleTransports.includes(transport)) return false;
  if (!hasRole(credential)) return true;
  const role = administratorRoles[scope];
  return role !== undefined && form !== "excluded" && !accessOf(field.coordinate).opens.has(role);
};
const operations = rootFields.flatMap((field) => transports.map((transport) => ({ field, transport })));

export const caseCount = (credential: Credential): number => [...allCases(credential)].length;

export function* allCases(credential: Credential): Generator<AccessCase> {
  for (let scope = 0; scope < scopeCount(credential); scope += 1) {
    for (const operation of operations)
      for (const form of forms) {
        const each: AccessCase = { credential, scope, ...operation, form };
        if (isTried(each)) yield each;
      }
  }
}

/** The smallest sample that has each root field over each transport with each credential. */
export const minSampleSize = operations.length * names.length;

/** Chooses cases that cover credentials, fields and transports evenly, sorted by scope. */
export function sampleCases(count: number, random: Random): Map<Credential, AccessCase[]> {
  const cells = names.flatMap((credential) => operations.map((operation) => ({ credential, ...operation })));
  const cases = new Map<Credential, AccessCase[]>(names.map((name) => [name, []]));
  for (let i = 0; i < count; i += 1) {
    // Each pass over the cells has another order, so that a last, partial pass is not biased.
    if (i % cells.length === 0) shuffle(cells, random);
    const cell = cells[i % cells.length];
    if (!cell) throw new RangeError("There are no cases");
    const accessCase = { ...cell, scope: random.integer(0, scopeCount(cell.credential)), form: random.of(forms) };
    if (isTried(accessCase)) cases.get(cell.credential)?.push(accessCase);
  }
  for (const list of cases.values()) list.sort((one, other) => one.scope - other.scope);
  return cases;
}

function shuffle(items: unknown[], random: Random): void {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = random.integer(0, i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}

export function describeCase({ credential, scope, field, transport, form }: AccessCase): string {
  if (hasRole(credential))
    return `${credential} with ${administratorRoles[scope] ?? ""}, ${field.coordinate} over ${transport}, ${form}`;
  const list = credential === "confined" ? confinedScopes : scopes;
  const { agents, runtime, keys } = list[scope] ?? { agents: "NONE", runtime: [] };
  const granted = credentials[credential]
    ? ` with ${[agents, ...runtime, ...(keys ? [`${keys} on keys`] : [])].join("+")}`
    : "";
  const confined = credential === "confined" ? ` (${describeConfinement(confinementOf(scope))})` : "";
  return `${credential}${granted}${confined}, ${field.coordinate} over ${transport}, ${form}`;
}
