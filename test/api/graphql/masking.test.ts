import { SelectQueryBuilder } from "typeorm";
import { AppService } from "../../../src/domain/app/app.service";
import { OperationAuthorizer } from "../../../src/auth/authorizer";
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

/** What the log says about the request of this answer. */
const logged = ({ headers }: RawAnswer) =>
  lines.filter((line) => (JSON.parse(line) as { requestId?: string }).requestId === headers["x-request-id"]);

test("a fault in a field is masked, and stands in the log under the id of the request", async () => {
  jest.spyOn(AppService.prototype, "list").mockRejectedValue(new TypeError("swordfish"));
  const answer = await post(`{ viewer { kind } mine: apps { totalCount } }`);
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
    200,
    { data: null, errors: [{ path: ["mine"], extensions: { code: "INTERNAL_SERVER_ERROR" } }] },
  ]);
  expect(answer.text).not.toMatch(/swordfish|TypeError|node_modules/);
  expect(logged(answer)).toEqual([expect.stringContaining("swordfish")]);
});

test("a fault outside of every field is masked, and stands in the log under the id of the request", async () => {
  jest.spyOn(OperationAuthorizer.prototype, "authorize").mockImplementation(() => {
    throw new Error("swordfish");
  });
  const answer = await post(`{ viewer { kind } }`);
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
    500,
    { errors: [{ extensions: { code: "INTERNAL_SERVER_ERROR" } }] },
  ]);
  expect(answer.text).not.toContain("swordfish");
  expect(logged(answer)).toEqual([expect.stringContaining("swordfish")]);
});

test("a caller whom the database does not know at the moment is told to try again", async () => {
  const key = await (await server.current.newApp()).key();
  jest.spyOn(SelectQueryBuilder.prototype, "getOne").mockRejectedValue(new Error("swordfish"));
  const answer = await sendRaw(server.current.url, { headers: { ...json, "x-api-key": key.secret }, body: "{" });
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
    503,
    { errors: [{ extensions: { code: "UNAVAILABLE" } }] },
  ]);
  expect(answer.text).not.toContain("swordfish");
  expect(logged(answer)).toEqual([expect.stringContaining("swordfish")]);
});
