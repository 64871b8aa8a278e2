import type { TestPermissions } from "../../support/test-app";
import type { Random } from "../random";
import { type RootField, rootFields } from "./fields";

/** Every possible scope: each level with each set of runtime permissions. */
export const scopes: readonly Required<TestPermissions>[] = (["NONE", "VIEW", "EDIT", "FULL"] as const).flatMap(
  (agents) =>
    Array.from({ length: 32 }, (_, set) => ({
      agents,
      runtime: (["RUN", "SESSION_CREATE", "SESSION_TERMINATE", "DOCUMENT_UPLOAD", "SESSION_VIEW"] as const).filter(
        (_, i) => set & (1 << i),
      ),
    })),
);

/** The kinds of credentials, and whether there is one for each scope. */
export const credentials = {
  valid: true,
  revoked: true,
  "other app": true,
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
const scopeCount = (credential: Credential): number => (credentials[credential] ? scopes.length : 1);
const operations = rootFields.flatMap((field) => transports.map((transport) => ({ field, transport })));

export const caseCount = (credential: Credential): number => scopeCount(credential) * operations.length * forms.length;

export function* allCases(credential: Credential): Generator<AccessCase> {
  for (let scope = 0; scope < scopeCount(credential); scope += 1) {
    for (const operation of operations) for (const form of forms) yield { credential, scope, ...operation, form };
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
    cases.get(cell.credential)?.push(accessCase);
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
  const { agents, runtime } = scopes[scope] ?? { agents: "NONE", runtime: [] };
  const granted = credentials[credential] ? ` with ${[agents, ...runtime].join("+")}` : "";
  return `${credential}${granted}, ${field.coordinate} over ${transport}, ${form}`;
}
