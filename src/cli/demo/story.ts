import type { Answer, DemoClient } from "./demo-client";

const question = "How many books may a member borrow at a time?";
const expected = "A member may borrow up to eight books at a time.";

/** What Latchkey is for, from the first app to the revoked key. Throws at the first step that comes out otherwise. */
export async function tell(admin: DemoClient, handbook: Buffer, say: (line: string) => void): Promise<void> {
  let number = 0;
  const step = (what: string) => say(`\n${++number}. ${what}`);
  const note = (what: string) => say(`   ${what}`);

  step("The administrator creates an app.");
  const app = await admin.send(`mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id name } } }`, {
    name: "Harbour Library",
  });
  const appId = idIn(app, "createApp", "app");
  note(`app ${appId}`);

  step("It gets a scope: look at agents, run them, and what a conversation needs. Not: change agents.");
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

  step("The scope gets a key. Its secret is told this once.");
  const created = await admin.send(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id hint } } }`,
    { scopeId, name: "Desk computer" },
  );
  const keyId = idIn(created, "createApiKey", "apiKey");
  const secret = String(created.data?.["createApiKey"]?.["secret"]);
  const { hint } = partOf(created, "createApiKey", "apiKey");
  note(`key ${keyId}, recognised by ${String(hint)}`);
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

  step("With the key, a client opens a session.");
  const session = await client.send(
    `mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id reference } } }`,
    { reference: "visitor-1" },
  );
  const sessionId = idIn(session, "createSession", "session");
  note(`session ${sessionId}`);

  step("It uploads a document of some pages.");
  const uploaded = await client.upload(
    `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { id mimeType size status } } }`,
    { sessionId },
    "handbook.md",
    handbook,
  );
  const { mimeType, size, status } = partOf(uploaded, "uploadDocument", "document");
  // On a slow machine it is still being read; executions wait for that.
  must(status === "READY" || status === "PROCESSING", `the document is ${String(status)}`);
  must(mimeType === "text/markdown", `the document was taken for ${String(mimeType)}`);
  note(`${String(size)} bytes of ${mimeType}, ${status}`);

  step(`It executes the agent: "${question}"`);
  const executed = await client.send(
    `mutation ($input: ExecuteAgentInput!) {
      executeAgent(input: $input) { run { id status output citations { quote document { filename } } } }
    }`,
    { agentId, session: { id: sessionId }, text: question },
  );
  const run = partOf(executed, "executeAgent", "run");
  const citations = run["citations"] as { quote: string; document: { filename: string } }[];
  must(run["status"] === "SUCCEEDED", `the run is ${String(run["status"])}`);
  must(citations[0]?.quote === expected, `the first citation is "${String(citations[0]?.quote)}"`);
  must(handbook.includes(expected), "the citation does not stand in the document");
  note(`answer: ${String(run["output"]).replaceAll("\n", "\n           ")}`);
  note(`citation: "${expected}" (${citations[0].document.filename})`);

  step("It tries to rename the agent, which its scope does not allow.");
  const rename = `mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) { agent { id } } }`;
  const refused = await client.send(rename, { id: agentId, name: "Pirate" });
  refusedWith(refused, 403, "FORBIDDEN");
  must(refused.errors?.[0]?.extensions["required"] === "EDIT", "the refusal does not name the permission EDIT");
  note(`${refused.status} ${refused.errors[0].message}`);

  step("The administrator revokes the key.");
  const revoked = await admin.send(
    `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id status revokedAt } } }`,
    { id: keyId },
  );
  const { status: keyStatus, revokedAt } = partOf(revoked, "revokeApiKey", "apiKey");
  must(keyStatus === "REVOKED", `the key is ${String(keyStatus)}`);
  note(`${keyStatus} at ${String(revokedAt)}`);

  step("From now on nothing accepts it.");
  const dead = await client.send(`{ viewer { name } }`);
  refusedWith(dead, 401, "UNAUTHENTICATED");
  note(`${dead.status} ${String(dead.errors?.[0]?.message)}`);

  say("\nAll of it came out as it must.");
}

function partOf(answer: Answer, field: string, part: string): Readonly<Record<string, unknown>> {
  const [error] = answer.errors ?? [];
  must(!error, `${field} was answered with ${answer.status} ${error?.message ?? ""}`);
  const value = answer.data?.[field]?.[part];
  must(typeof value === "object" && value !== null, `${field} has no ${part}`);
  return value as Readonly<Record<string, unknown>>;
}

const idIn = (answer: Answer, field: string, part: string): string => String(partOf(answer, field, part)["id"]);

function refusedWith({ status, data, errors }: Answer, expectedStatus: number, code: string): void {
  const given = errors?.[0]?.extensions["code"];
  must(
    status === expectedStatus && given === code && !data,
    `expected ${expectedStatus} ${code}, got ${status} ${String(given)}`,
  );
}

function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}
