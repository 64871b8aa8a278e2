import type { Client } from "./client";
import type { KeyHolder, TestApp } from "./test-app";

export const narrow = `mutation ($id: ID!, $runtime: [RuntimePermission!]!) {
  updateScope(input: { id: $id, permissions: { runtime: $runtime } }) { scope { id } }
}`;
export const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`;
const deleteScope = `mutation ($id: ID!) { deleteScope(input: { id: $id, revokeKeys: true }) { id } }`;
export const deleteApp = `mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`;

export type Revocation = (admin: Client, key: KeyHolder, app: TestApp) => Promise<unknown>;

/** Every way to revoke rights of a key. @param kept the permissions that a narrowed scope keeps */
export const revocations = (...kept: string[]): [name: string, revocation: Revocation][] => [
  ["its key is revoked", (admin, { keyId: id }) => admin.data(revoke, { id })],
  ["its scope loses what it needs", (admin, { scopeId: id }) => admin.data(narrow, { id, runtime: kept })],
  ["its scope is deleted with its keys", (admin, { scopeId: id }) => admin.data(deleteScope, { id })],
  ["its app is deleted", (admin, _key, { id }) => admin.data(deleteApp, { id })],
];
