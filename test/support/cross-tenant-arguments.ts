/** The identifiers of one app's objects: ids, and texts that the holder of the app's key has chosen. */
export interface Holdings {
  readonly app: string;
  readonly scope: string;
  readonly apiKey: string;
  readonly agent: string;
  readonly session: string;
  readonly document: string;
  readonly modelConnection: string;
  readonly toolServer: string;
  readonly run: string;
  readonly callbackDelivery: string;
  readonly agentName: string;
  readonly toolServerName: string;
  readonly reference: string;
  readonly userReference: string;
  readonly idempotencyKey: string;
}

/** The outcome if a key names another app's object. Names that an app chooses are unused in every other app. */
export type Answer = "BAD_USER_INPUT" | "null" | "NOT_FOUND" | "FORBIDDEN" | "as if unused";

/** An argument, the kind of object that it names, a field that takes it as `$it`, and the outcome for another app's key. */
export type Row = readonly [argument: string, kind: keyof Holdings, field: string, answer: Answer];

/**
 * Every argument and input field that can name an object of another app, written by hand. In addition to `$it`, the
 * fields take `$agent` and so on of the key's own app.
 */
export const queries: readonly Row[] = [
  ["Query.app(id)", "app", `app(id: $it) { name }`, "FORBIDDEN"],
  ["Query.scopes(appId)", "app", `scopes(appId: $it) { totalCount }`, "FORBIDDEN"],
  ["Query.scope(id)", "scope", `scope(id: $it) { name }`, "FORBIDDEN"],
  ["Query.apiKeys(appId)", "app", `apiKeys(appId: $it) { totalCount }`, "FORBIDDEN"],
  ["Query.apiKeys(scopeId)", "scope", `apiKeys(appId: $app, scopeId: $it) { totalCount }`, "FORBIDDEN"],
  ["ApiKeyFilter.scopeId", "scope", `apiKeys(appId: $app, filter: { scopeId: $it }) { totalCount }`, "FORBIDDEN"],
  ["Query.apiKey(id)", "apiKey", `apiKey(id: $it) { name }`, "FORBIDDEN"],
  ["Query.modelConnections(appId)", "app", `modelConnections(appId: $it) { totalCount }`, "FORBIDDEN"],
  ["Query.modelConnection(id)", "modelConnection", `modelConnection(id: $it) { name }`, "FORBIDDEN"],
  ["Query.toolServers(appId)", "app", `toolServers(appId: $it) { totalCount }`, "FORBIDDEN"],
  ["Query.toolServer(id)", "toolServer", `toolServer(id: $it) { name }`, "FORBIDDEN"],
  ["Query.usage(appId)", "app", `usage(appId: $it) { dataSince }`, "FORBIDDEN"],
  ["Query.usage(apiKeyId)", "apiKey", `usage(appId: $app, apiKeyId: $it) { dataSince }`, "FORBIDDEN"],
  ["Query.runs(appId)", "app", `runs(appId: $it) { totalCount }`, "FORBIDDEN"],
  ["RunFilter.agentId", "agent", `runs(appId: $app, filter: { agentId: $it }) { totalCount }`, "FORBIDDEN"],
  ["RunFilter.apiKeyId", "apiKey", `runs(appId: $app, filter: { apiKeyId: $it }) { totalCount }`, "FORBIDDEN"],
  ["Query.auditLog(appId)", "app", `auditLog(appId: $it) { totalCount }`, "FORBIDDEN"],
  ["Query.auditVerification(appId)", "app", `auditVerification(appId: $it) { verifiedUpTo }`, "FORBIDDEN"],
  ["AuditFilter.actorId", "apiKey", `auditLog(appId: $app, filter: { actorId: $it }) { totalCount }`, "FORBIDDEN"],
  ["AuditFilter.targetId", "scope", `auditLog(appId: $app, filter: { targetId: $it }) { totalCount }`, "FORBIDDEN"],
  ["Query.administrator(id)", "app", `administrator(id: $it) { name }`, "FORBIDDEN"],
  ["Query.agents(appId)", "app", `agents(appId: $it) { totalCount nodes { name } }`, "NOT_FOUND"],
  ["Query.agent(id)", "agent", `agent(id: $it) { name }`, "null"],
  ["Query.sessions(appId)", "app", `sessions(appId: $it) { totalCount nodes { reference } }`, "NOT_FOUND"],
  ["Query.session(id)", "session", `session(id: $it) { reference }`, "null"],
  ["Query.documentContent(id)", "document", `documentContent(id: $it) { url }`, "null"],
  ["Query.run(id)", "run", `run(id: $it) { output }`, "null"],
  ["Query.callbackDeliveries(appId)", "app", `callbackDeliveries(appId: $it) { totalCount }`, "NOT_FOUND"],
  ["Query.eventDeliveries(appId)", "app", `eventDeliveries(appId: $it) { totalCount }`, "FORBIDDEN"],
  ["Query.callbackDeliveries(runId)", "run", `callbackDeliveries(runId: $it) { totalCount }`, "as if unused"],
  ["SessionFilter.reference", "reference", `sessions(filter: { reference: $it }) { totalCount }`, "as if unused"],
  [
    "SessionFilter.userReference",
    "userReference",
    `sessions(filter: { userReference: $it }) { totalCount }`,
    "as if unused",
  ],
];
export const mutations: readonly Row[] = [
  ["UpdateAppInput.id", "app", `updateApp(input: { id: $it, name: "x" }) { app { name } }`, "FORBIDDEN"],
  ["DeleteAppInput.id", "app", `deleteApp(input: { id: $it }) { __typename }`, "FORBIDDEN"],
  [
    "CreateScopeInput.appId",
    "app",
    `createScope(input: { appId: $it, name: "x", permissions: {} }) { scope { name } }`,
    "FORBIDDEN",
  ],
  ["UpdateScopeInput.id", "scope", `updateScope(input: { id: $it, permissions: {} }) { scope { name } }`, "FORBIDDEN"],
  ["DeleteScopeInput.id", "scope", `deleteScope(input: { id: $it, revokeKeys: true }) { __typename }`, "FORBIDDEN"],
  [
    "CreateApiKeyInput.scopeId",
    "scope",
    `createApiKey(input: { scopeId: $it, name: "x" }) { apiKey { name } }`,
    "FORBIDDEN",
  ],
  ["UpdateApiKeyInput.id", "apiKey", `updateApiKey(input: { id: $it, name: "x" }) { apiKey { name } }`, "FORBIDDEN"],
  ["RenameApiKeyInput.id", "apiKey", `renameApiKey(input: { id: $it, name: "x" }) { apiKey { name } }`, "FORBIDDEN"],
  ["RevokeApiKeyInput.id", "apiKey", `revokeApiKey(input: { id: $it }) { apiKey { status } }`, "FORBIDDEN"],
  [
    "PermissionsInput.agentIds",
    "agent",
    `createScope(input: { appId: $app, name: "x", permissions: { agentIds: [$it] } }) { scope { id } }`,
    "FORBIDDEN",
  ],
  [
    "CreateAdministratorInput.appIds",
    "app",
    `createAdministrator(input: { name: "x", role: ADMIN, appIds: [$it] }) { secret }`,
    "FORBIDDEN",
  ],
  [
    "UpdateAdministratorInput.appIds",
    "app",
    `updateAdministrator(input: { id: $app, appIds: [$it] }) { administrator { name } }`,
    "FORBIDDEN",
  ],
  [
    "UpdateAdministratorInput.id",
    "app",
    `updateAdministrator(input: { id: $it, role: ADMIN }) { administrator { name } }`,
    "FORBIDDEN",
  ],
  ["EndConsoleSessionInput.id", "app", `endConsoleSession(input: { id: $it }) { consoleSession { id } }`, "FORBIDDEN"],
  ["RotateAdministratorKeyInput.id", "app", `rotateAdministratorKey(input: { id: $it }) { secret }`, "FORBIDDEN"],
  [
    "RevokeAdministratorInput.id",
    "app",
    `revokeAdministrator(input: { id: $it }) { administrator { name } }`,
    "FORBIDDEN",
  ],
  ["CloneScopeInput.id", "scope", `cloneScope(input: { id: $it, name: "x" }) { scope { name } }`, "FORBIDDEN"],
  ["RevokeApiKeysInput.ids", "apiKey", `revokeApiKeys(input: { ids: [$it] }) { count }`, "FORBIDDEN"],
  [
    "RevokeApiKeysInput.appId",
    "app",
    `revokeApiKeys(input: { appId: $it, filter: { status: ACTIVE } }) { count }`,
    "FORBIDDEN",
  ],
  ["RotateApiKeyInput.id", "apiKey", `rotateApiKey(input: { id: $it }) { secret }`, "FORBIDDEN"],
  [
    "CreateModelConnectionInput.appId",
    "app",
    `createModelConnection(input: { appId: $it, name: "x", provider: OPENAI, apiKey: "k" }) { modelConnection { name } }`,
    "FORBIDDEN",
  ],
  [
    "UpdateModelConnectionInput.id",
    "modelConnection",
    `updateModelConnection(input: { id: $it, name: "x" }) { modelConnection { name } }`,
    "FORBIDDEN",
  ],
  [
    "DeleteModelConnectionInput.id",
    "modelConnection",
    `deleteModelConnection(input: { id: $it }) { __typename }`,
    "FORBIDDEN",
  ],
  [
    "TestModelConnectionInput.id",
    "modelConnection",
    `testModelConnection(input: { id: $it, model: "x" }) { ok }`,
    "FORBIDDEN",
  ],
  [
    "CreateToolServerInput.appId",
    "app",
    `createToolServer(input: { appId: $it, name: "x", url: "https://example.com" }) { toolServer { name } }`,
    "FORBIDDEN",
  ],
  [
    "UpdateToolServerInput.id",
    "toolServer",
    `updateToolServer(input: { id: $it, name: "x" }) { toolServer { name } }`,
    "FORBIDDEN",
  ],
  ["DeleteToolServerInput.id", "toolServer", `deleteToolServer(input: { id: $it }) { __typename }`, "FORBIDDEN"],
  ["TestToolServerInput.id", "toolServer", `testToolServer(input: { id: $it }) { ok }`, "FORBIDDEN"],
  [
    "AgentToolInput.server",
    "toolServerName",
    `updateAgent(input: { id: $otherAgent, tools: [{ server: $it, allow: ["a"] }] }) { agent { model } }`,
    "BAD_USER_INPUT",
  ],
  ["CreateAgentInput.appId", "app", `createAgent(input: { appId: $it, name: "x" }) { agent { name } }`, "NOT_FOUND"],
  ["CreateAgentInput.name", "agentName", `createAgent(input: { name: $it }) { agent { version } }`, "as if unused"],
  ["UpdateAgentInput.id", "agent", `updateAgent(input: { id: $it, name: "x" }) { agent { name } }`, "NOT_FOUND"],
  [
    "UpdateAgentInput.name",
    "agentName",
    `updateAgent(input: { id: $otherAgent, name: $it }) { agent { model } }`,
    "as if unused",
  ],
  ["DeleteAgentInput.id", "agent", `deleteAgent(input: { id: $it }) { __typename }`, "NOT_FOUND"],
  ["CreateSessionInput.appId", "app", `createSession(input: { appId: $it }) { session { status } }`, "NOT_FOUND"],
  [
    "CreateSessionInput.reference",
    "reference",
    `createSession(input: { reference: $it }) { session { status } }`,
    "as if unused",
  ],
  [
    "CreateSessionInput.userReference",
    "userReference",
    `createSession(input: { userReference: $it }) { session { status } }`,
    "as if unused",
  ],
  ["TerminateSessionInput.id", "session", `terminateSession(input: { id: $it }) { session { status } }`, "NOT_FOUND"],
  [
    "TerminateSessionInput.reference",
    "reference",
    `terminateSession(input: { reference: $it }) { session { status } }`,
    "NOT_FOUND",
  ],
  [
    "TerminateSessionInput.userReference",
    "userReference",
    `terminateSession(input: { reference: "none", userReference: $it }) { session { status } }`,
    "NOT_FOUND",
  ],
  [
    "TerminateSessionInput.appId",
    "app",
    `terminateSession(input: { appId: $it, id: $session }) { session { status } }`,
    "NOT_FOUND",
  ],
  ["DeleteDocumentInput.id", "document", `deleteDocument(input: { id: $it }) { __typename }`, "NOT_FOUND"],
  ["ExecuteAgentInput.agentId", "agent", `executeAgent(input: { agentId: $it, text: "x" }) { replayed }`, "NOT_FOUND"],
  [
    "ExecuteAgentInput.documentIds",
    "document",
    `executeAgent(input: { agentId: $agent, text: "x", session: { id: $session }, documentIds: [$it] }) { replayed }`,
    "BAD_USER_INPUT",
  ],
  [
    "ExecuteAgentInput.idempotencyKey",
    "idempotencyKey",
    `executeAgent(input: { agentId: $agent, text: "Hello", idempotencyKey: $it }) { replayed }`,
    "as if unused",
  ],
  [
    "SessionRefInput.id",
    "session",
    `executeAgent(input: { agentId: $agent, text: "x", session: { id: $it } }) { replayed }`,
    "NOT_FOUND",
  ],
  [
    "SessionRefInput.reference",
    "reference",
    `executeAgent(input: { agentId: $agent, text: "x", session: { reference: $it } }) { sessionCreated }`,
    "as if unused",
  ],
  [
    "SessionRefInput.userReference",
    "userReference",
    `executeAgent(input: { agentId: $agent, text: "x", session: { userReference: $it } }) { sessionCreated }`,
    "as if unused",
  ],
  [
    "RedeliverCallbackInput.id",
    "callbackDelivery",
    `redeliverCallback(input: { id: $it }) { callbackDelivery { status } }`,
    "NOT_FOUND",
  ],
  ["ReplaceCallbackSecretInput.appId", "app", `replaceCallbackSecret(input: { appId: $it }) { secret }`, "FORBIDDEN"],
  ["CancelRunInput.id", "run", `cancelRun(input: { id: $it }) { run { status } }`, "NOT_FOUND"],
];
