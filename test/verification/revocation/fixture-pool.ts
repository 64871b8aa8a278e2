import type { TestCredential } from "../../support/client";
import type { Random } from "../random";
import { ask, askEach, text } from "./administration";
import type { Stage } from "./stage";
import { type Form, forms, type Question, Rights, type CredentialUnderTest, type Talk } from "./credential-under-test";

const wide = `{ agents: VIEW, runtime: [RUN, DOCUMENT_UPLOAD, SESSION_VIEW] }`;
/** What a scope is narrowed to: the key stays, and may do nothing of what it is asked about. */
export const narrow = `{ runtime: [SESSION_TERMINATE] }`;

const whoAmI = `{ viewer { __typename } }`;
const lookAtAgent = `query ($id: ID!) { agent(id: $id) { id } }`;

interface Home {
  readonly appId: string;
  readonly agentId: string;
}

/** Makes what rights can be taken away from, in advance and many at once, so that nobody waits for it later. */
export class FixturePool {
  private readonly subjects: CredentialUnderTest[] = [];
  private made = 0;

  private constructor(
    private readonly stage: Stage,
    private readonly random: Random,
    /** Whose app nobody deletes. */
    private readonly home: Home,
    /** A run of it. */
    readonly talk: Talk,
  ) {}

  static async open(stage: Stage, random: Random): Promise<FixturePool> {
    const [home] = await homes(stage, 1, "home");
    if (!home) throw new Error("There is no app to live in");
    return new FixturePool(stage, random, home, await talkOf(stage, home.agentId));
  }

  get size(): number {
    return this.subjects.length;
  }

  take(): CredentialUnderTest {
    const subject = this.subjects.pop();
    if (!subject) throw new RangeError("Nothing is left that rights could be taken away from");
    return subject;
  }

  /** Adds so many, as many of each form as of the others, in random order. */
  async fill(count: number): Promise<void> {
    const wanted = Array.from({ length: count }, (_, i) => forms[i % forms.length] ?? "revokeApiKey");
    const deleted = await homes(this.stage, wanted.filter((form) => form === "deleteApp").length, `${this.made}`);
    const placed = wanted.map((form) => ({ form, home: (form === "deleteApp" && deleted.pop()) || this.home }));

    const scopes = await askEach(
      this.stage,
      placed.map(
        ({ home }, i) =>
          `createScope(input: { appId: ${text(home.appId)}, name: "scope ${this.made + i}", permissions: ${wide} }) { scope { id } }`,
      ),
    );
    const sessions = await askEach(
      this.stage,
      placed.map(({ home }) => `createSession(input: { appId: ${text(home.appId)} }) { session { id } }`),
    );
    const keys = await askEach(
      this.stage,
      scopes.flatMap(({ scope }) =>
        ["one", "other"].map(
          (name) => `createApiKey(input: { scopeId: ${text(scope.id)}, name: "${name}" }) { secret apiKey { id } }`,
        ),
      ),
    );
    const filled = placed.map(({ form, home }, i): CredentialUnderTest => {
      const pair = [keys[2 * i], keys[2 * i + 1]];
      const credentials = pair.map(({ secret }): TestCredential => ["x-api-key", secret as string]);
      return {
        form,
        ...home,
        scopeId: scopes[i].scope.id,
        sessionId: sessions[i].session.id,
        keyId: pair[0].apiKey.id,
        ...questionsOf(form, home, credentials),
      };
    });
    this.made += count;
    while (filled.length > 0) this.subjects.push(...filled.splice(this.random.integer(0, filled.length), 1));
  }
}

function questionsOf(
  form: Form,
  { agentId }: Home,
  both: readonly TestCredential[],
): Pick<CredentialUnderTest, "rights" | "credentials" | "lost" | "kept"> {
  const rights = new Rights();
  const untouched = new Rights();
  const asks = (credential: TestCredential, query: string, whose: Rights): Question => ({
    credential,
    query,
    ...(query === lookAtAgent && { variables: { id: agentId } }),
    rights: whose,
  });
  // One key is revoked, and the other of its scope is not.
  const credentials = form === "revokeApiKey" ? both.slice(0, 1) : both;
  const others = both.filter((each) => !credentials.includes(each));
  const queries = form === "updateScope" ? [lookAtAgent] : [whoAmI, lookAtAgent];
  return {
    rights,
    credentials,
    lost: credentials.flatMap((each) => queries.map((query) => asks(each, query, rights))),
    kept: [
      ...others.flatMap((each) => [whoAmI, lookAtAgent].map((query) => asks(each, query, untouched))),
      // A key whose scope is narrowed is still one.
      ...(form === "updateScope" ? both.map((each) => asks(each, whoAmI, untouched)) : []),
    ],
  };
}

/** Apps with an agent that tells the time. */
async function homes(stage: Stage, count: number, batch: string): Promise<Home[]> {
  const names = Array.from({ length: count }, (_, i) => `app ${batch}-${i}`);
  const apps = await askEach(
    stage,
    names.map((name) => `createApp(input: { name: ${text(name)} }) { app { id } }`),
  );
  const ids = apps.map(({ app }) => app.id as string);
  await askEach(
    stage,
    ids.map(
      (id) =>
        `createModelConnection(input: { appId: ${text(id)}, name: "model", provider: OPENAI_COMPATIBLE, baseUrl: ${text(stage.model.baseUrl)} }) { modelConnection { id } }`,
    ),
  );
  const agents = await askEach(
    stage,
    ids.map(
      (id) =>
        `createAgent(input: { appId: ${text(id)}, name: "clock", model: "model/clock", timeoutSeconds: 3600 }) { agent { id } }`,
    ),
  );
  return ids.map((appId, i) => ({ appId, agentId: agents[i].agent.id as string }));
}

/** Begins a run that tells the time. */
export async function talkOf(stage: Stage, agentId: string): Promise<Talk> {
  const { executeAgent } = await ask(
    stage,
    `mutation { executeAgent(input: { agentId: ${text(agentId)}, text: "What time is it?", waitMs: 0 }) { run { id } } }`,
  );
  return { runId: executeAgent.run.id as string, lastIndex: -1 };
}
