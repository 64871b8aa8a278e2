import type { Client } from "../../support/client";
import type { TestApp } from "../../support/test-app";

export interface NewKey {
  readonly secret: string;
  readonly apiKey: { readonly id: string };
}

/** Creates scopes, and one key of each for each name. @returns for each scope its id and keys */
export async function createScopesWithKeys(
  { id: appId, server: { admin } }: TestApp,
  scopes: readonly object[],
  keys: readonly object[],
): Promise<{ readonly id: string; readonly keys: readonly NewKey[] }[]> {
  const inputs = scopes.map((scope, i) => ({ appId, name: `scope ${i}`, ...scope }));
  const created = await mutateAll(admin, "createScope", "CreateScopeInput", "scope { id }", inputs);
  const ids = created.map(({ scope }) => scope.id as string);
  const keyInputs = ids.flatMap((scopeId) => keys.map((key, i) => ({ scopeId, name: `key ${i}`, ...key })));
  const made: NewKey[] = await mutateAll(admin, "createApiKey", "CreateApiKeyInput", "secret apiKey { id }", keyInputs);
  return ids.map((id, i) => ({ id, keys: made.slice(i * keys.length, (i + 1) * keys.length) }));
}

/** Executes a mutation for each input, in batches of one request. */
export async function mutateAll(
  admin: Client,
  field: string,
  type: string,
  selection: string,
  inputs: readonly object[],
) {
  const batchSize = 30;
  const payloads: any[] = [];
  for (let from = 0; from < inputs.length; from += batchSize) {
    const batch = inputs.slice(from, from + batchSize);
    const fields = batch.map((_, i) => `m${i}: ${field}(input: $i${i}) { ${selection} }`);
    const declared = batch.map((_, i) => `$i${i}: ${type}!`);
    const variables = Object.fromEntries(batch.map((input, i) => [`i${i}`, input]));
    const data = await admin.data(`mutation (${declared.join(", ")}) { ${fields.join(" ")} }`, variables);
    payloads.push(...batch.map((_, i) => data[`m${i}`]));
  }
  return payloads;
}
