import { randomUUID } from "node:crypto";
import { Client } from "./client";

export interface TestPermissions {
  agents?: "NONE" | "VIEW" | "EDIT" | "FULL";
  runtime?: ("RUN" | "SESSION_CREATE" | "SESSION_TERMINATE" | "DOCUMENT_UPLOAD" | "SESSION_VIEW")[];
}

/** The grants that a denial tells: with the level on keys, if there is one. */
export type TestGrants = Required<TestPermissions> & { readonly keys?: "VIEW" | "MANAGE" };

/** All that a scope may have; `sessions` is APP and `agentAccess` is ALL if it is left out. */
export type TestScope = TestPermissions & {
  readonly sessions?: "APP" | "OWN";
  readonly agentAccess?: "ALL" | "SELECTED";
  readonly agentIds?: readonly string[];
  readonly keys?: "NONE" | "VIEW" | "MANAGE";
};

export const allPermissions: Required<TestPermissions> = {
  agents: "FULL",
  runtime: ["RUN", "SESSION_CREATE", "SESSION_TERMINATE", "DOCUMENT_UPLOAD", "SESSION_VIEW"],
};

/** A client with an API key. */
export class KeyHolder extends Client {
  constructor(
    url: string,
    readonly secret: string,
    readonly keyId: string,
    readonly scopeId: string,
  ) {
    super(url, ["x-api-key", secret]);
  }
}

/** The server of an app. */
export interface Host {
  readonly url: string;
  readonly admin: Client;
}

/** An app of one test, and its contents. Everything is created through the API. */
export class TestApp {
  constructor(
    readonly server: Host,
    readonly id: string,
  ) {}

  static async create(server: Host): Promise<TestApp> {
    const { createApp } = await server.admin.data(
      // Some tests need more scopes than an app may have by default.
      `mutation ($name: String!) {
        createApp(input: { name: $name, limits: { scopes: null, keysPerScope: null } }) { app { id } }
      }`,
      { name: `app ${randomUUID()}` },
    );
    return new TestApp(server, createApp.app.id as string);
  }

  async scope(permissions: TestScope): Promise<string> {
    const { createScope } = await this.server.admin.data(
      `mutation ($input: CreateScopeInput!) { createScope(input: $input) { scope { id } } }`,
      { input: { appId: this.id, name: `scope ${randomUUID()}`, permissions } },
    );
    return createScope.scope.id as string;
  }

  /** Creates a key. @param permissions the id of its scope, or the permissions of a new scope */
  async key(permissions: TestScope | string = allPermissions): Promise<KeyHolder> {
    const scopeId = typeof permissions === "string" ? permissions : await this.scope(permissions);
    const { createApiKey } = await this.server.admin.data(
      `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }`,
      { input: { scopeId, name: `key ${randomUUID()}` } },
    );
    return new KeyHolder(this.server.url, createApiKey.secret as string, createApiKey.apiKey.id as string, scopeId);
  }

  async agent(input: object = {}): Promise<string> {
    const { createAgent } = await this.server.admin.data(
      `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }`,
      { input: { appId: this.id, name: `agent ${randomUUID()}`, ...input } },
    );
    return createAgent.agent.id as string;
  }

  /** Creates a connection to an OpenAI-compatible server with the default name `model`. */
  async modelConnection(baseUrl: string, input: object = {}): Promise<string> {
    const { createModelConnection } = await this.server.admin.data(
      `mutation ($input: CreateModelConnectionInput!) {
        createModelConnection(input: $input) { modelConnection { id } }
      }`,
      { input: { appId: this.id, name: "model", provider: "OPENAI_COMPATIBLE", baseUrl, ...input } },
    );
    return createModelConnection.modelConnection.id as string;
  }

  /** Creates a tool server with the default name `tools`. */
  async toolServer(url: string, input: object = {}): Promise<string> {
    const { createToolServer } = await this.server.admin.data(
      `mutation ($input: CreateToolServerInput!) { createToolServer(input: $input) { toolServer { id } } }`,
      { input: { appId: this.id, name: "tools", url, ...input } },
    );
    return createToolServer.toolServer.id as string;
  }

  async session(input: object = {}): Promise<string> {
    const { createSession } = await this.server.admin.data(
      `mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id } } }`,
      { input: { appId: this.id, ...input } },
    );
    return createSession.session.id as string;
  }

  async document(sessionId: string, content = "The barn is red.", filename = "barn.txt"): Promise<string> {
    const { body } = await this.server.admin.upload(sessionId, content, filename);
    return (body as { data: { uploadDocument: { document: { id: string } } } }).data.uploadDocument.document.id;
  }

  /** Executes an agent as the administrator, and by default waits until the run has finished. */
  async run(input: { agentId: string; [name: string]: unknown }): Promise<{ id: string; sessionId: string }> {
    const { executeAgent } = await this.server.admin.data(
      `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id status } session { id } } }`,
      { input: { text: "What colour is the barn?", ...input } },
    );
    return { id: executeAgent.run.id as string, sessionId: executeAgent.session.id as string };
  }
}
