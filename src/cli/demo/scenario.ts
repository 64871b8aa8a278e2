import type { Answer, DemoClient } from "./demo-client";

const question = "How many books may a member borrow at a time?";
const expected = "A member may borrow up to eight books at a time.";

/**
 * Shows the main features, from the first app to the revoked key.
 *
 * @throws at the first unexpected result
 */
export async function runScenario(admin: DemoClient, handbook: Buffer, print: (line: string) => void): Promise<void> {
  let number = 0;
  const step = (text: string) => print(`\n${++number}. ${text}`);
  const note = (text: string) => print(`   ${text}`);

  step("The administrator creates an app.");
  const app = await admin.send(`mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id name } } }`, {
    name: "Harbour Library",
  });
  const appId = idIn(app, "createApp", "app");
  note(`app ${appId}`);

  step("The administrator creates a scope: it may view and run agents and hold conversations, but not change agents.");
  const scope = await admin.send(
    `mutation ($input: CreateScopeInput!) { createScope(input: $input) { scope { id permissions { agents runtime } } } }`,
    {
      appId,
      name: "Front desk",
      permissions: { agents: "VIEW", runtime: ["RUN", "SESSION_CREATE", "SESSION_TERMINATE", "DOCUMENT_UPLOAD"] },
    },
  );
  const scopeId = idIn(scope, "createScope", "scope");
  note(`scope ${scopeId}`);

  step("The administrator creates an API key for the scope. Only this response contains its secret.");
  const created = await admin.send(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id hint } } }`,
    { scopeId, name: "Desk computer" },
  );
  const keyId = idIn(created, "createApiKey", "apiKey");
  const secret = String(created.data?.["createApiKey"]?.["secret"]);
  const { hint } = partOf(created, "createApiKey", "apiKey");
  note(`key ${keyId}, shown as ${String(hint)}`);
  const client = admin.withKey(secret);

  step("The administrator creates an agent.");
  const agent = await admin.send(
    `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }`,
    {
      appId,
      name: "Librarian",
      instructions: "Answer from the handbook.",
    },
  );
  const agentId = idIn(agent, "createAgent", "agent");
  note(`agent ${agentId}`);

  step("A client with this key creates a session.");
  const session = await client.send(
    `mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id reference } } }`,
    { reference: "visitor-1" },
  );
  const sessionId = idIn(session, "createSession", "session");
  note(`session ${sessionId}`);

  step("The client uploads a document of several pages.");
  const uploaded = await client.upload(
    `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { id mimeType size status } } }`,
    { sessionId },
    "handbook.md",
    handbook,
  );
  const { mimeType, size, status } = partOf(uploaded, "uploadDocument", "document");
  // On a slow machine the document is still being processed; executions wait for it.
  check(status === "READY" || status === "PROCESSING", `the document is ${String(status)}`);
  check(mimeType === "text/markdown", `the type of the document is ${String(mimeType)}`);
  note(`${String(size)} bytes of ${mimeType}, ${status}`);

  step(`The client executes the agent: "${question}"`);
  const executed = await client.send(
    `mutation ($input: ExecuteAgentInput!) {
      executeAgent(input: $input) { run { id status output citations { quote document { filename } } } }
    }`,
    { agentId, session: { id: sessionId }, text: question },
  );
  const run = partOf(executed, "executeAgent", "run");
  const citations = run["citations"] as { quote: string; document: { filename: string } }[];
  check(run["status"] === "SUCCEEDED", `the run is ${String(run["status"])}`);
  check(citations[0]?.quote === expected, `the first citation is "${String(citations[0]?.quote)}"`);
  check(handbook.includes(expected), "the citation is not in the document");
  note(`answer: ${String(run["output"]).replaceAll("\n", "\n           ")}`);
  note(`citation: "${expected}" (${citations[0].document.filename})`);

  step("The client tries to rename the agent, which its scope does not allow.");
  const rename = `mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) { agent { id } } }`;
  const refused = await client.send(rename, { id: agentId, name: "Pirate" });
  expectRefusal(refused, 403, "FORBIDDEN");
  check(refused.errors?.[0]?.extensions["required"] === "EDIT", "the error does not name the permission EDIT");
  note(`${refused.status} ${refused.errors[0].message}`);

  step("The administrator replaces the key by a successor.");
  const rotated = await admin.send(
    `mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret apiKey { id hint } } }`,
    { id: keyId, overlapSeconds: 0 },
  );
  const successorId = idIn(rotated, "rotateApiKey", "apiKey");
  const successor = admin.withKey(String(rotated.data?.["rotateApiKey"]?.["secret"]));
  expectRefusal(await client.send(`{ viewer { name } }`), 401, "UNAUTHENTICATED");
  const viewer = await successor.send(`{ viewer { name } }`);
  check(viewer.status === 200 && !viewer.errors, `the successor is answered with ${viewer.status}`);
  note(`key ${successorId} is valid, its predecessor is refused`);

  step("The administrator revokes the successor.");
  const revoked = await admin.send(
    `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id status revokedAt } } }`,
    { id: successorId, reason: "The demo is over." },
  );
  const { status: keyStatus, revokedAt } = partOf(revoked, "revokeApiKey", "apiKey");
  check(keyStatus === "REVOKED", `the key is ${String(keyStatus)}`);
  note(`${keyStatus} at ${String(revokedAt)}`);

  step("From now on, the key is rejected everywhere.");
  const rejected = await successor.send(`{ viewer { name } }`);
  expectRefusal(rejected, 401, "UNAUTHENTICATED");
  note(`${rejected.status} ${String(rejected.errors?.[0]?.message)}`);

  step("The audit log says who did that, and when. Its entries are chained and signed.");
  const log = await admin.send(
    `{ auditLog(appId: "${appId}", first: 1) { nodes { sequence at action actor { name } target { id } hash } } }`,
  );
  const [entry] = (log.data?.["auditLog"]?.["nodes"] ?? []) as AuditEntry[];
  check(entry?.action === "REVOKE_API_KEY", `the last entry is ${String(entry?.action)}`);
  check(entry.target.id === successorId, "the last entry is about another key");
  note(`#${entry.sequence} ${entry.at}: ${entry.action} by ${entry.actor.name}, ${entry.hash}`);

  print("\nThe demo finished: all results are as expected.");
}

interface AuditEntry {
  readonly sequence: number;
  readonly at: string;
  readonly action: string;
  readonly actor: { readonly name: string };
  readonly target: { readonly id: string };
  readonly hash: string;
}

function partOf(answer: Answer, field: string, part: string): Readonly<Record<string, unknown>> {
  const [error] = answer.errors ?? [];
  check(!error, `${field} failed with ${answer.status} ${error?.message ?? ""}`);
  const value = answer.data?.[field]?.[part];
  check(typeof value === "object" && value !== null, `${field} has no ${part}`);
  return value as Readonly<Record<string, unknown>>;
}

const idIn = (answer: Answer, field: string, part: string): string => String(partOf(answer, field, part)["id"]);

function expectRefusal({ status, data, errors }: Answer, expectedStatus: number, code: string): void {
  const actualCode = errors?.[0]?.extensions["code"];
  check(
    status === expectedStatus && actualCode === code && !data,
    `expected ${expectedStatus} ${code}, got ${status} ${String(actualCode)}`,
  );
}

function check(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Error(problem);
}
