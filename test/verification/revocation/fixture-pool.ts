import type { TestCredential } from "../../support/client";
import type { Random } from "../random";
import { administer, administerAll, literal } from "./administration";
import type { Testbed } from "./testbed";
import {
  type ClockRun,
  type CredentialUnderTest,
  type Probe,
  isOfAdministrator,
  type RevocationKind,
  revocationKinds,
  Rights,
} from "./credential-under-test";

const fullPermissions = `{ agents: VIEW, runtime: [RUN, DOCUMENT_UPLOAD, SESSION_VIEW] }`;
/** Denies everything that the probes ask for. The key stays valid. */
export const narrowedPermissions = `{ runtime: [SESSION_TERMINATE] }`;

const viewerQuery = `{ viewer { __typename } }`;
const agentQuery = `query ($id: ID!) { agent(id: $id) { id } }`;

interface AppFixture {
  readonly appId: string;
  readonly agentId: string;
  readonly quickAgentId: string;
}

/** Creates credentials in advance and in batches, so that a trial does not have to wait for them. */
export class FixturePool {
  private readonly credentials: CredentialUnderTest[] = [];
  private created = 0;

  private constructor(
    private readonly testbed: Testbed,
    private readonly random: Random,
    /** An app that is never deleted. */
    private readonly sharedApp: AppFixture,
    /** A run of the shared app. */
    readonly clockRun: ClockRun,
    /** An administrator whose key is never taken away; one for all, as the number of administrators is limited. */
    private readonly otherAdministrator: TestCredential,
  ) {}

  static async create(testbed: Testbed, random: Random): Promise<FixturePool> {
    const [sharedApp] = await createApps(testbed, 1, "shared");
    if (!sharedApp) throw new Error("The shared app was not created");
    const clockRun = await startClockRun(testbed, sharedApp.agentId);
    const [other] = await administerAll(testbed, [createAdministrator("other")]);
    return new FixturePool(testbed, random, sharedApp, clockRun, credentialOf("revokeAdministrator", other));
  }

  get size(): number {
    return this.credentials.length;
  }

  take(): CredentialUnderTest {
    const credential = this.credentials.pop();
    if (!credential) throw new RangeError("The pool is empty");
    return credential;
  }

  /** Adds credentials, the same number of each kind, in random order. */
  async fill(count: number): Promise<void> {
    const kinds = Array.from(
      { length: count },
      (_, i) => revocationKinds[i % revocationKinds.length] ?? "revokeApiKey",
    );
    const deletableCount = kinds.filter((kind) => kind === "deleteApp").length;
    const deletableApps = await createApps(this.testbed, deletableCount, `${this.created}`);
    const placed = kinds.map((kind) => ({
      kind,
      app: (kind === "deleteApp" && deletableApps.pop()) || this.sharedApp,
    }));

    const scopes = await administerAll(
      this.testbed,
      placed.map(
        ({ app }, i) =>
          `createScope(input: { appId: ${literal(app.appId)}, name: "scope ${this.created + i}", permissions: ${fullPermissions} }) { scope { id } }`,
      ),
    );
    const sessions = await administerAll(
      this.testbed,
      placed.map(({ app }) => `createSession(input: { appId: ${literal(app.appId)} }) { session { id } }`),
    );
    const create = placed.map(({ kind }, i) =>
      isOfAdministrator(kind)
        ? [createAdministrator(`one ${this.created + i}`)]
        : ["one", "other"].map(
            (name) =>
              `createApiKey(input: { scopeId: ${literal(scopes[i].scope.id)}, name: "${name}" }) { secret holder: apiKey { id } }`,
          ),
    );
    const holders = await administerAll(this.testbed, create.flat());
    const added = placed.map(({ kind, app }, i): CredentialUnderTest => {
      const own = holders.splice(0, create[i]?.length);
      const credentials = own.map((each) => credentialOf(kind, each));
      if (isOfAdministrator(kind)) credentials.push(this.otherAdministrator);
      return {
        kind,
        ...app,
        scopeId: scopes[i].scope.id,
        sessionId: sessions[i].session.id,
        holderId: own[0].holder.id,
        ...probesOf(kind, app, credentials),
      };
    });
    this.created += count;
    while (added.length > 0) this.credentials.push(...added.splice(this.random.integer(0, added.length), 1));
  }
}

const createAdministrator = (name: string): string =>
  `createAdministrator(input: { name: ${literal(name)}, role: ADMIN }) { secret holder: administrator { id } }`;

const credentialOf = (kind: RevocationKind, { secret }: { readonly secret: string }): TestCredential =>
  isOfAdministrator(kind) ? ["authorization", `Bearer ${secret}`] : ["x-api-key", secret];

function probesOf(
  kind: RevocationKind,
  { agentId }: AppFixture,
  pair: readonly TestCredential[],
): Pick<CredentialUnderTest, "rights" | "credentials" | "revokedProbes" | "controlProbes"> {
  const revoked = new Rights();
  const untouched = new Rights();
  const probe = (credential: TestCredential, query: string, rights: Rights): Probe => ({
    credential,
    query,
    ...(query === agentQuery && { variables: { id: agentId } }),
    rights,
  });
  // Revoking one key leaves the other key of its scope valid, and other administrators.
  const credentials = kind === "revokeApiKey" || isOfAdministrator(kind) ? pair.slice(0, 1) : pair;
  const others = pair.filter((each) => !credentials.includes(each));
  const queries = kind === "updateScope" ? [agentQuery] : [viewerQuery, agentQuery];
  return {
    rights: revoked,
    credentials,
    revokedProbes: credentials.flatMap((each) => queries.map((query) => probe(each, query, revoked))),
    controlProbes: [
      ...others.flatMap((each) => [viewerQuery, agentQuery].map((query) => probe(each, query, untouched))),
      // A key with a narrowed scope still authenticates.
      ...(kind === "updateScope" ? pair.map((each) => probe(each, viewerQuery, untouched)) : []),
    ],
  };
}

/** Creates apps with a secret for callbacks, an agent whose runs output the time, and one whose runs finish. */
async function createApps(testbed: Testbed, count: number, batch: string): Promise<AppFixture[]> {
  const names = Array.from({ length: count }, (_, i) => `app ${batch}-${i}`);
  const apps = await administerAll(
    testbed,
    names.map(
      (name) =>
        `createApp(input: { name: ${literal(name)}, limits: { scopes: null, keysPerScope: null } }) { app { id } }`,
    ),
  );
  const ids = apps.map(({ app }) => app.id as string);
  await administerAll(
    testbed,
    ids.map(
      (id) =>
        `createModelConnection(input: { appId: ${literal(id)}, name: "model", provider: OPENAI_COMPATIBLE, baseUrl: ${literal(testbed.model.baseUrl)} }) { modelConnection { id } }`,
    ),
  );
  const agents = await administerAll(
    testbed,
    ids.map(
      (id) =>
        `createAgent(input: { appId: ${literal(id)}, name: "clock", model: "model/clock", timeoutSeconds: 3600 }) { agent { id } }`,
    ),
  );
  const quickAgents = await administerAll(
    testbed,
    ids.map((id) => `createAgent(input: { appId: ${literal(id)}, name: "quick" }) { agent { id } }`),
  );
  await administerAll(
    testbed,
    ids.map((id) => `replaceCallbackSecret(input: { appId: ${literal(id)} }) { secret }`),
  );
  return ids.map((appId, i) => ({
    appId,
    agentId: agents[i].agent.id as string,
    quickAgentId: quickAgents[i].agent.id as string,
  }));
}

export async function startClockRun(testbed: Testbed, agentId: string): Promise<ClockRun> {
  const { executeAgent } = await administer(
    testbed,
    `mutation { executeAgent(input: { agentId: ${literal(agentId)}, text: "What time is it?", waitMs: 0 }) { run { id } } }`,
  );
  return { runId: executeAgent.run.id as string, lastIndex: -1 };
}
