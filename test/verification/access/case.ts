import type { TestPermissions } from "../../support/test-app";
import type { Random } from "../random";
import { type RootField, rootFields } from "./fields";

/** What a scope can be: each level, with each set of runtime permissions. */
export const scopes: readonly Required<TestPermissions>[] = (["NONE", "VIEW", "EDIT", "FULL"] as const).flatMap(
  (agents) =>
    Array.from({ length: 32 }, (_, set) => ({
      agents,
      runtime: (["RUN", "SESSION_CREATE", "SESSION_TERMINATE", "DOCUMENT_UPLOAD", "SESSION_VIEW"] as const).filter(
        (_, i) => set & (1 << i),
      ),
    })),
);

/** Who sends, and whether there is one for each scope. */
export const credentials = {
  valid: true,
  revoked: true,
  "other app's": true,
  malformed: false,
  unknown: false,
  none: false,
} as const;
export type Credential = keyof typeof credentials;

export const transports = ["POST", "GET", "WebSocket", "SSE", "multipart"] as const;
export type Transport = (typeof transports)[number];

/** How the field stands in the document; `excluded` is the same document as `included`, with the other variable. */
export const forms = ["plain", "alias", "fragment", "included", "excluded", "beside"] as const;
export type Form = (typeof forms)[number];

/** One operation of one sender. */
export interface AccessCase {
  readonly credential: Credential;
  /** Of all scopes, where the credential has one. */
  readonly scope: number;
  readonly field: RootField;
  readonly transport: Transport;
  readonly form: Form;
}

const names = Object.keys(credentials) as Credential[];
const scopesOf = (credential: Credential): number => (credentials[credential] ? scopes.length : 1);
const operations = rootFields.flatMap((field) => transports.map((transport) => ({ field, transport })));

/** How many trials there are of a credential. */
export const countOf = (credential: Credential): number => scopesOf(credential) * operations.length * forms.length;

/** All trials of a credential, one after the other. */
export function* allOf(credential: Credential): Generator<AccessCase> {
  for (let scope = 0; scope < scopesOf(credential); scope += 1) {
    for (const operation of operations) for (const form of forms) yield { credential, scope, ...operation, form };
  }
}

/** How many there are at least in a sample, so that each field comes by each transport from each kind of sender. */
export const leastSample = operations.length * names.length;

/** As many trials as wished, as evenly spread as can be, by credential and scope. */
export function sampleOf(count: number, random: Random): Map<Credential, AccessCase[]> {
  const cells = names.flatMap((credential) => operations.map((operation) => ({ credential, ...operation })));
  const trials = new Map<Credential, AccessCase[]>(names.map((name) => [name, []]));
  for (let i = 0; i < count; i += 1) {
    // Each time that all have had their turn, they come in another order.
    if (i % cells.length === 0) shuffle(cells, random);
    const cell = cells[i % cells.length];
    if (!cell) throw new RangeError("There is nothing to choose from");
    const trial = { ...cell, scope: random.integer(0, scopesOf(cell.credential)), form: random.of(forms) };
    trials.get(cell.credential)?.push(trial);
  }
  for (const list of trials.values()) list.sort((one, other) => one.scope - other.scope);
  return trials;
}

function shuffle(items: unknown[], random: Random): void {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = random.integer(0, i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}

/** For whoever looks for the fault. */
export function described({ credential, scope, field, transport, form }: AccessCase): string {
  const { agents, runtime } = scopes[scope] ?? { agents: "NONE", runtime: [] };
  const granted = credentials[credential] ? ` of ${[agents, ...runtime].join("+")}` : "";
  return `${credential}${granted}, ${field.coordinate} by ${transport}, ${form}`;
}
