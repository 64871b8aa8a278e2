import { Operations } from "../../../src/api/graphql/operations";
import { useServer } from "../../support/server";
import { errorsOf, overSse, overWebSocket } from "../../support/stream-clients";

const server = useServer();
const field = `runEvents(runId: "none")`;

test.each([
  [`subscription ($if: Boolean!) { ${field} @include(if: $if) { index } }`, { if: true }],
  [`subscription ($if: Boolean = true) { ${field} @skip(if: $if) { index } }`, {}],
  [`subscription { ${field} @include(if: false) { index } }`, {}],
  [`subscription { ... @skip(if: true) { ${field} { index } } }`, {}],
  [`subscription { ...F @skip(if: true) } fragment F on Subscription { ${field} { index } }`, {}],
  [`subscription { ...F } fragment F on Subscription { ${field} @skip(if: true) { index } }`, {}],
])("a subscription with a condition on its root field is refused: %s", async (query, variables) => {
  const { admin } = server.current;
  const expected = [{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }];

  const { status, body } = await overSse(admin, query, { variables });
  expect(status).toBe(400);
  expect(errorsOf(body)).toMatchObject(expected);
  const [result] = await overWebSocket(admin, query, { variables });
  expect(errorsOf(result)).toMatchObject(expected);
  const request = await admin.send(query, variables);
  expect(request.status).toBe(200);
  expect(request.body).toMatchObject({ errors: expected });
});

test("a field below the root of a subscription may have a condition", async () => {
  const query = `subscription { ${field} { index @include(if: true) runId @skip(if: true) } }`;
  const [result] = await overWebSocket(server.current.admin, query);
  expect(errorsOf(result)).toMatchObject([{ extensions: { code: "NOT_FOUND" } }]);
});

test("a subscription that fails before its first event returns the error, over both streaming transports", async () => {
  const query = `subscription { ${field} { index } }`;
  const { status, text } = await overSse(server.current.admin, query);
  const [result] = await overWebSocket(server.current.admin, query);

  const { errors } = result as { errors: unknown };
  expect(errors).toMatchObject([{ path: ["runEvents"], extensions: { code: "NOT_FOUND" } }]);
  expect(status).toBe(200);
  expect(text).toContain(`event: next\ndata: ${JSON.stringify({ data: null, errors })}\n\nevent: complete\n`);
});

test("an internal error ends a request for server-sent events with a masked error", async () => {
  const prepare = jest.spyOn(Operations.prototype, "prepare").mockImplementation(() => {
    throw new Error("the secret of this server");
  });
  try {
    const { status, text } = await overSse(server.current.admin, `{ viewer { kind } }`);
    expect(status).toBe(500);
    expect(text).toContain("INTERNAL_SERVER_ERROR");
    expect(text).not.toContain("secret");
  } finally {
    prepare.mockRestore();
  }
});
