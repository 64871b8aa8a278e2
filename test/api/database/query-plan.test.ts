import { cancel, eventsOf, execute } from "../../support/runs";
import { useServer } from "../../support/server";
import { statementsOf } from "../../support/statements";

/** Always on SQLite, whose plans do not depend on the number of rows. */
const server = useServer({ DATABASE_URL: "" });

const readsRows = /^\s*(SELECT|UPDATE|DELETE)/;

/** The steps of the query plans of all statements that the work sends. */
async function stepsOf(work: () => Promise<unknown>): Promise<{ query: string; detail: string }[]> {
  const statements = (await statementsOf(work)).filter((statement) => readsRows.test(statement));
  const plans = await Promise.all(
    statements.map((statement) => server.current.sql(`EXPLAIN QUERY PLAN ${statement.replaceAll("?", "NULL")}`)),
  );
  return plans.flatMap((steps, i) =>
    steps.map(({ parent, detail }) => ({ query: `${i}.${parent as number}`, detail: detail as string })),
  );
}

const plansOf = async (work: () => Promise<unknown>) => (await stepsOf(work)).map(({ detail }) => detail);

test("no statement scans a whole table to find the rows of one app, session or run", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent();
  const lists = [
    "",
    '(filter: { reference: "r" })',
    '(filter: { userReference: "u" })',
    "(filter: { status: ACTIVE })",
  ];

  const plans = await plansOf(async () => {
    const { run, session } = await execute(key, { agentId, session: { reference: "r" }, idempotencyKey: "k" });
    await app.document(session.id);
    await execute(key, { agentId, session: { reference: "r" } });
    await eventsOf(key, run.id);
    await cancel(key, run.id);
    for (const list of lists) {
      await key.data(
        `{ sessions${list} { totalCount nodes { documents { id } runs { nodes { id } } messages(last: 2) { nodes { id } } } } }`,
      );
    }
    await key.data(`mutation { terminateSession(input: { reference: "r" }) { session { id } } }`);
    await key.data(`mutation { terminateSession(input: { reference: "r" }) { session { id } } }`);
    const { admin } = server.current;
    await admin.data(`mutation ($id: ID!) { deleteScope(input: { id: $id, revokeKeys: true }) { id } }`, {
      id: key.scopeId,
    });
    await admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: app.id });
  });

  // Subqueries are scanned completely, and have these names.
  const subquery =
    /^SCAN (list\d+|page|rows\d+|counted|ranked|waiting|running|dummy_table|CONSTANT ROW|\(subquery-\d+\))( LEFT-JOIN)?$/;
  const scans = plans.filter((plan) => plan.startsWith("SCAN") && !subquery.test(plan));
  expect(scans).toEqual([]);
  // The scheduler looks at all queued and running runs, whose number is limited, by their index only.
  const next = "SEARCH run USING COVERING INDEX run_status_app_key (status=?)";
  expect(plans).toContain(next);
  const hasQueued = /^SEARCH Run EXISTS USING COVERING INDEX \S+ \(status=\?\)$/;
  const others = plans.filter((plan) => plan.endsWith("(status=?)") && plan !== next && !hasQueued.test(plan));
  expect(others).toEqual([]);
  expect(plans).toContainEqual(expect.stringMatching(/locked USING INDEX .* \(appId=\? AND activeReference=\?\)$/));
});

test.each([
  ['filter: { search: "s" }', "api_key_app_search"],
  ['filter: { search: "s" }, orderBy: { field: NAME }', "api_key_name_text"],
])("a search of keys compares the entries of an index, and reads no rows: %s", async (list, index) => {
  const { id } = await server.current.newApp();
  const plans = await plansOf(() =>
    server.current.admin.data(`query ($id: ID!) { apiKeys(appId: $id, ${list}) { nodes { id } } }`, { id }),
  );
  expect(plans).toContain(`SEARCH candidate USING COVERING INDEX ${index} (appId=?)`);
});

test("each list and each filter of a list reads the rows of a page, and counts them, by an index in their order", async () => {
  const app = await server.current.newApp();
  const { admin } = server.current;
  const after = Buffer.from("0".repeat(36)).toString("base64url");
  const times = `createdAfter: "2026-01-01T00:00:00Z", createdBefore: "2027-01-01T00:00:00Z"`;
  const [ofApp, ofScope] = ["appId: $id", "appId: $id, scopeId: $id"];
  const id = "(id>? AND id<?)";
  const indexes: Readonly<Record<string, string>> = {
    [`sessions(${ofApp})`]: "(appId=?)",
    [`sessions(${ofApp}, after: "${after}", before: "${after}")`]: `(appId=? AND ${id.slice(1)}`,
    [`sessions(${ofApp}, filter: { ${times} })`]: `(appId=? AND ${id.slice(1)}`,
    [`sessions(${ofApp}, filter: { status: TERMINATED })`]: "(appId=? AND status=?)",
    [`sessions(${ofApp}, filter: { status: TERMINATED, ${times} })`]: `(appId=? AND status=? AND ${id.slice(1)}`,
    [`sessions(${ofApp}, filter: { reference: "r" })`]: "(appId=? AND reference=?)",
    [`sessions(${ofApp}, filter: { reference: "r", status: ACTIVE })`]: "(appId=? AND activeReference=?)",
    [`sessions(${ofApp}, filter: { reference: "r", status: TERMINATED })`]: "(appId=? AND reference=?)",
    [`sessions(${ofApp}, filter: { userReference: "u" })`]: "(appId=? AND userReference=?)",
    [`sessions(${ofApp}, filter: { userReference: "u", ${times} })`]: `(appId=? AND userReference=? AND ${id.slice(1)}`,
    [`sessions(${ofApp}, filter: { userReference: "u", status: ACTIVE })`]:
      "(appId=? AND userReference=? AND status=?)",
    [`sessions(${ofApp}, filter: { userReference: "u", reference: "r" })`]:
      "(appId=? AND userReference=? AND reference=?)",
    [`sessions(${ofApp}, filter: { userReference: "u", reference: "r", status: TERMINATED })`]:
      "(appId=? AND userReference=? AND reference=?)",
    [`runs(${ofApp})`]: "(appId=?)",
    [`runs(${ofApp}, filter: { ${times} })`]: `(appId=? AND ${id.slice(1)}`,
    [`runs(${ofApp}, filter: { status: FAILED })`]: "(appId=? AND status=?)",
    [`agents(${ofApp}, last: 10)`]: "(appId=?)",
    [`modelConnections(${ofApp})`]: "(appId=?)",
    [`scopes(${ofApp})`]: "(appId=? AND deletedAt=?)",
    [`apiKeys(${ofApp})`]: "(appId=?)",
    [`apiKeys(${ofApp}, status: REVOKED)`]: "(appId=? AND isRevoked=?)",
    [`apiKeys(${ofScope})`]: "(scopeId=?)",
    [`apiKeys(${ofScope}, status: ACTIVE)`]: "(scopeId=? AND isRevoked=?)",
    [`apiKeys(${ofApp}, filter: { status: ACTIVE })`]: "(appId=? AND isRevoked=?)",
    [`apiKeys(${ofApp}, filter: { owner: "o" })`]: "(appId=? AND owner=?)",
    [`apiKeys(${ofApp}, filter: { environment: "e" })`]: "(appId=? AND environment=?)",
    [`apiKeys(${ofApp}, filter: { neverUsed: true })`]: "(appId=? AND lastUsedAt=?)",
    // Compares each key of the app, in the order of the list, by the index alone.
    [`apiKeys(${ofApp}, filter: { search: "s" })`]: "api_key_app_search (appId=?)",
    [`apiKeys(${ofApp}, filter: { search: "s", status: ACTIVE })`]: "api_key_status_text (appId=? AND isRevoked=?)",
    [`apiKeys(${ofScope}, filter: { search: "s", status: ACTIVE })`]: "api_key_scope_text (scopeId=? AND isRevoked=?)",
    [`apiKeys(${ofApp}, filter: { search: "s" }, orderBy: { field: NAME })`]: "api_key_name_text (appId=?)",
    [`apiKeys(${ofApp}, orderBy: { field: NAME })`]: "api_key_name_text (appId=?)",
    [`apiKeys(${ofApp}, orderBy: { field: LAST_USED_AT, direction: DESC })`]: "api_key_active_text (appId=?)",
    [`apiKeys(${ofApp}, filter: { unusedSinceDays: 90 }, orderBy: { field: LAST_USED_AT })`]:
      "(appId=? AND lastActiveAt<?)",
    [`administrators(filter: { status: ACTIVE })`]: "(status=?)",
    [`administrators(filter: { role: ADMIN })`]: "(role=?)",
    [`administrators(filter: { role: ADMIN, status: ACTIVE })`]: "(status=? AND role=?)",
    [`callbackDeliveries(${ofApp})`]: "(appId=?)",
    [`callbackDeliveries(runId: $id)`]: "(runId=?)",
    [`auditLog(${ofApp})`]: "(chainId=?)",
    [`auditLog(${ofApp}, filter: { ${times} })`]: `(chainId=? AND ${id.slice(1)}`,
    [`auditLog(${ofApp}, filter: { action: CREATE_APP })`]: "(chainId=? AND action=?)",
    [`auditLog(${ofApp}, filter: { actorId: "a" })`]: "(chainId=? AND actorId=?)",
    [`auditLog(${ofApp}, filter: { targetId: "t", ${times} })`]: `(chainId=? AND targetId=? AND ${id.slice(1)}`,
  };

  for (const [list, index] of Object.entries(indexes)) {
    const steps = await stepsOf(() =>
      admin.data(`query ${list.includes("$id") ? "($id: ID!)" : ""} { ${list} { totalCount nodes { id } } }`, {
        id: app.id,
      }),
    );
    const candidates = steps.filter(({ detail }) => / candidate /.test(detail));
    const withName = candidates.map(({ detail }) => detail.replace(/^.* INDEX /, ""));
    const [page, count] = [withName[0], withName[1]?.replace(/^\S+ /, "")];
    const columns = index.replace(/^\w+ /, "");
    // The count is of the whole list, whatever the cursors.
    const ofCount = list.includes("after:") ? "(appId=?)" : columns;
    const found = columns === index ? page?.replace(/^\S+ /, "") : page;
    expect({ [list]: [found, count] }).toEqual({ [list]: [index, ofCount] });
    const sorted = new Set(steps.filter(({ detail }) => /ORDER BY$/.test(detail)).map(({ query }) => query));
    expect(candidates.filter(({ query }) => sorted.has(query))).toEqual([]);
  }
});
