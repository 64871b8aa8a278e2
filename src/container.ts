import type { Logger } from "pino";
import { Agent } from "./domain/agent/agent.entity";
import { AgentResolver } from "./domain/agent/agent.resolver";
import { AgentService } from "./domain/agent/agent.service";
import { ApiKey } from "./domain/api-key/api-key.entity";
import { ApiKeyResolver } from "./domain/api-key/api-key.resolver";
import { ApiKeyService } from "./domain/api-key/api-key.service";
import { ScopeApiKeysResolver } from "./domain/api-key/scope-api-keys.resolver";
import { App } from "./domain/app/app.entity";
import { AppResolver } from "./domain/app/app.resolver";
import { AppService } from "./domain/app/app.service";
import type { AccessNotifier } from "./auth/access-notifier";
import type { Caller } from "./auth/caller";
import { AppCallbackResolver } from "./domain/callback/app-callback.resolver";
import { CallbackDelivery } from "./domain/callback/callback-delivery.entity";
import { CallbackResolver } from "./domain/callback/callback.resolver";
import { CallbackSecret, callbackSecretColumn } from "./domain/callback/callback-secret.entity";
import { CallbackService } from "./domain/callback/callback.service";
import type { Limits } from "./config";
import type { Database } from "./platform/database/database";
import { Document } from "./domain/document/document.entity";
import { DocumentResolver } from "./domain/document/document.resolver";
import { DocumentService } from "./domain/document/document.service";
import type { DocumentLinks } from "./domain/document/document-links";
import type { DocumentProcessor } from "./domain/document/document-processor";
import type { ModelCatalog } from "./model/catalog";
import { apiKeyColumn, ModelConnection } from "./domain/model-connection/model-connection.entity";
import { ModelConnectionResolver } from "./domain/model-connection/model-connection.resolver";
import { ModelConnectionService } from "./domain/model-connection/model-connection.service";
import type { ProviderModels } from "./domain/model-connection/provider-models";
import { InstanceRow } from "./platform/instance/instance.entity";
import type { Outbound } from "./platform/outbound/outbound";
import type { DocumentReader } from "./retrieval/document-reader";
import { IdempotencyKey } from "./domain/run/idempotency-key.entity";
import { Run } from "./domain/run/run.entity";
import { RunResolver } from "./domain/run/run.resolver";
import { type RunRuntime, RunService } from "./domain/run/run.service";
import { StoredRunEvent } from "./domain/run/run-event.entity";
import { SessionRunsResolver } from "./domain/run/session-runs.resolver";
import { TokenUse } from "./domain/run/token-use.entity";
import { Scope } from "./domain/scope/scope.entity";
import { ScopeResolver } from "./domain/scope/scope.resolver";
import { ScopeService } from "./domain/scope/scope.service";
import type { Keyring } from "./platform/secrets/keyring";
import type { SecretColumn } from "./platform/secrets/secret-column";
import { Message } from "./domain/session/message.entity";
import { Session } from "./domain/session/session.entity";
import { SessionResolver } from "./domain/session/session.resolver";
import { SessionService } from "./domain/session/session.service";
import type { DocumentStorage } from "./platform/storage/document-storage";
import { createLifecycle } from "./domain/lifecycle/lifecycle";
import { LifecycleResolver } from "./domain/lifecycle/lifecycle.resolver";
import { LifecycleService } from "./domain/lifecycle/lifecycle.service";
import { ViewerResolver } from "./domain/viewer/viewer.resolver";

/** The objects that live as long as the server. */
export interface Runtime {
  readonly db: Database;
  readonly limits: Limits;
  readonly log: Logger;
  readonly accessNotifier: AccessNotifier;
  readonly models: ModelCatalog;
  readonly providerModels: ProviderModels;
  readonly keyring: Keyring;
  /** For all requests to models, tools and receivers of callbacks. */
  readonly outbound: Outbound;
  readonly storage: DocumentStorage;
  readonly documentLinks: DocumentLinks;
  readonly reader: DocumentReader;
  readonly documentProcessor: DocumentProcessor;
  readonly runs: RunRuntime;
}

/** The caller of one request, and the objects that serve it. */
export interface Context {
  readonly requestId: string;
  readonly caller: Caller;
  readonly runService: RunService;
  readonly resolvers: ReadonlyMap<unknown, object>;
}

export const entities = [
  App,
  Scope,
  ApiKey,
  Agent,
  ModelConnection,
  Session,
  Message,
  Document,
  Run,
  StoredRunEvent,
  IdempotencyKey,
  TokenUse,
  InstanceRow,
  CallbackSecret,
  CallbackDelivery,
];

/** The columns with secrets that users entrusted to the server. */
export const secretColumns: readonly SecretColumn[] = [apiKeyColumn, callbackSecretColumn];

export const resolverClasses = [
  ViewerResolver,
  AppResolver,
  ScopeResolver,
  ApiKeyResolver,
  ScopeApiKeysResolver,
  AgentResolver,
  ModelConnectionResolver,
  SessionResolver,
  DocumentResolver,
  RunResolver,
  SessionRunsResolver,
  CallbackResolver,
  AppCallbackResolver,
  LifecycleResolver,
] as const;

/** Creates the objects of one request. Each request has its own loaders, so that none sees what another has loaded. */
export function createContext(runtime: Runtime, caller: Caller, requestId: string): Context {
  const { db, limits, accessNotifier, models, providerModels, keyring, outbound, reader, runs } = runtime;
  const { storage, documentLinks, documentProcessor } = runtime;
  const appService = new AppService(db, caller);
  const scopeService = new ScopeService(db, appService, accessNotifier);
  const apiKeyService = new ApiKeyService(db, caller, appService, accessNotifier);
  const agentService = new AgentService(db, caller, appService, models, outbound);
  const modelConnectionService = new ModelConnectionService(db, appService, keyring, outbound, providerModels);
  const sessionService = new SessionService(db, caller, appService);
  const documentService = new DocumentService(
    db,
    caller,
    sessionService,
    storage,
    reader,
    documentProcessor,
    documentLinks,
    limits,
  );
  const callbackService = new CallbackService(db, caller, appService, keyring, runs.outbox);
  const runService = new RunService(db, caller, sessionService, runs, limits);
  const { sessionTermination, appDeletion } = createLifecycle(db, runs, documentProcessor, accessNotifier);
  const lifecycleService = new LifecycleService(db, sessionService, runs.executor, sessionTermination, appDeletion);

  const resolvers = new Map<unknown, object>([
    [ViewerResolver, new ViewerResolver(appService, apiKeyService)],
    [AppResolver, new AppResolver(appService)],
    [ScopeResolver, new ScopeResolver(scopeService, appService)],
    [ApiKeyResolver, new ApiKeyResolver(apiKeyService, scopeService)],
    [ScopeApiKeysResolver, new ScopeApiKeysResolver(apiKeyService)],
    [AgentResolver, new AgentResolver(agentService, appService)],
    [ModelConnectionResolver, new ModelConnectionResolver(modelConnectionService, appService)],
    [SessionResolver, new SessionResolver(sessionService, appService)],
    [DocumentResolver, new DocumentResolver(documentService)],
    [RunResolver, new RunResolver(runService, sessionService, agentService)],
    [SessionRunsResolver, new SessionRunsResolver(runService)],
    [CallbackResolver, new CallbackResolver(callbackService)],
    [AppCallbackResolver, new AppCallbackResolver(callbackService)],
    [LifecycleResolver, new LifecycleResolver(lifecycleService)],
  ]);
  return { requestId, caller, runService, resolvers };
}
