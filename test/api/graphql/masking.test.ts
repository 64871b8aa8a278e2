import { AppService } from "../../../src/domain/app/app.service";
import { OperationAuthorizer } from "../../../src/auth/authorizer";
import { PreparedQuery } from "../../../src/platform/database/prepared-query";
import { createTestLog } from "../../support/log";
import { type RawAnswer, sendRaw } from "../../support/raw";
import { adminKey, useServer } from "../../support/server";

const { log, lines } = createTestLog();
const server = useServer({}, {}, log);
afterEach(() => jest.restoreAllMocks());

const json = { "content-type": "application/json" };

const post = (query: string) =>
  sendRaw(server.current.url, {
    headers: { ...json, authorization: `Bearer ${adminKey}` },
    body: JSON.stringify({ query }),
  });

/** The log lines about the request of a response, without the one that each request has. */
const logLinesOf = ({ headers }: RawAnswer) =>
  lines.filter((line) => {
    const { requestId, msg } = JSON.parse(line) as { requestId?: string; msg: string };
    return requestId === headers["x-request-id"] && msg !== "request";
  });

test("an internal error in a field is masked, and logged with the id of the request", async () => {
  jest.spyOn(AppService.prototype, "list").mockRejectedValue(new TypeError("swordfish"));
  const answer = await post(`{ viewer { kind } mine: apps { totalCount } }`);
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
    200,
    { data: null, errors: [{ path: ["mine"], extensions: { code: "INTERNAL_SERVER_ERROR" } }] },
  ]);
  expect(answer.text).not.toMatch(/swordfish|TypeError|node_modules/);
  expect(logLinesOf(answer)).toEqual([expect.stringContaining("swordfish")]);
});

test("an internal error outside of all fields is masked, and logged with the id of the request", async () => {
  jest.spyOn(OperationAuthorizer.prototype, "authorize").mockImplementation(() => {
    throw new Error("swordfish");
  });
  const answer = await post(`{ viewer { kind } }`);
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
    500,
    { errors: [{ extensions: { code: "INTERNAL_SERVER_ERROR" } }] },
  ]);
  expect(answer.text).not.toContain("swordfish");
  expect(logLinesOf(answer)).toEqual([expect.stringContaining("swordfish")]);
});

test("a caller that can't be authenticated while the database is away gets UNAVAILABLE", async () => {
  const key = await (await server.current.newApp()).key();
  jest.spyOn(PreparedQuery.prototype, "one").mockRejectedValue(new Error("swordfish"));
  const answer = await sendRaw(server.current.url, { headers: { ...json, "x-api-key": key.secret }, body: "{" });
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
    503,
    { errors: [{ extensions: { code: "UNAVAILABLE" } }] },
  ]);
  expect(answer.text).not.toContain("swordfish");
  expect(logLinesOf(answer)).toEqual([expect.stringContaining("swordfish")]);
});
