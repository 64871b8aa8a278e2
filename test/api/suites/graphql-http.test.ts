import { serverAudits } from "graphql-http";
import { useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";

const server = useServer();
let key: KeyHolder;
beforeAll(async () => {
  key = await (await server.current.newApp()).key();
});

const audits = serverAudits({
  url: () => server.current.url,
  fetchFn: (url: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set("x-api-key", key.secret);
    return fetch(url, { ...init, headers });
  },
});

test("graphql-http has its audits for servers", () => {
  expect(audits.length).toBeGreaterThan(50);
});

test.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
  "GraphQL over HTTP, %s: %s",
  async (_id, _name, audit) => {
    const result = await audit.fn();
    expect([result.status, "reason" in result ? result.reason : undefined]).toEqual(["ok", undefined]);
  },
);
