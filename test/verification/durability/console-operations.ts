import type { KnownApp } from "./ledger";
import { always, type WriteOperation } from "./operation";
import { ContradictionError } from "./retrying-client";

/** The sessions that each app's writer has ended. */
const endedOf = new WeakMap<KnownApp, Set<string>>();

export const consoleOperations: readonly WriteOperation[] = [
  {
    mutation: "endConsoleSession",
    weight: 2,
    isPossible: always,
    async run(client, app) {
      const ended = endedOf.get(app) ?? new Set();
      endedOf.set(app, ended);
      const userAgent = client.newName();
      await client.http.signIn(client.services.adminKey, userAgent);
      const { id } = await client.find("consoleSessions", "id userAgent", "", (node) => {
        if (ended.has(node.id as string)) throw new ContradictionError(`The session ${node.id} was ended, and is open`);
        return node.userAgent === userAgent;
      });
      await client.mutate("endConsoleSession", "consoleSession { id }", { id });
      ended.add(id as string);
    },
  },
];
