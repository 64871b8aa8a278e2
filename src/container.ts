import type { Logger } from "pino";
import { Agent } from "./agent/agent.entity";
import { AgentResolver } from "./agent/agent.resolver";
import { AgentService } from "./agent/agent.service";
import { ApiKey } from "./api-key/api-key.entity";
import { ApiKeyResolver } from "./api-key/api-key.resolver";
import { ApiKeyService } from "./api-key/api-key.service";
import { ScopeApiKeysResolver } from "./api-key/scope-api-keys.resolver";
import { App } from "./app/app.entity";
import { AppResolver } from "./app/app.resolver";
import { AppService } from "./app/app.service";
import type { AccessNews } from "./auth/access-news";
import type { Caller } from "./auth/caller";
import { AppCallbackResolver } from "./callback/app-callback.resolver";
import { CallbackDelivery } from "./callback/callback-delivery.entity";
import { CallbackResolver } from "./callback/callback.resolver";
import { CallbackSecret, callbackSecretColumn } from "./callback/callback-secret.entity";
import { CallbackService } from "./callback/callback.service";
import type { Limits } from "./config";
import type { Database } from "./database/database";
import { Document } from "./document/document.entity";
import { DocumentResolver } from "./document/document.resolver";
import { DocumentService } from "./document/document.service";
import type { DocumentLinks } from "./document/document-links";
import type { DocumentReadings } from "./document/document-readings";
import type { ModelCatalog } from "./model/catalog";
import { apiKeyColumn, ModelConnection } from "./model-connection/model-connection.entity";
import { ModelConnectionResolver } from "./model-connection/model-connection.resolver";
import { ModelConnectionService } from "./model-connection/model-connection.service";
import type { ProviderModels } from "./model-connection/provider-models";
import { InstanceRow } from "./instance/instance.entity";
import type { Outbound } from "./outbound/outbound";
import type { Reader } from "./reading/reader";
import { IdempotencyKey } from "./run/idempotency-key.entity";
import { Run } from "./run/run.entity";
import { RunResolver } from "./run/run.resolver";
import { type RunRuntime, RunService } from "./run/run.service";
import { StoredRunEvent } from "./run/run-event.entity";
import { SessionRunsResolver } from "./run/session-runs.resolver";
import { TokenUse } from "./run/token-use.entity";
import { Scope } from "./scope/scope.entity";
import { ScopeResolver } from "./scope/scope.resolver";
import { ScopeService } from "./scope/scope.service";
import type { Keyring } from "./secrets/keyring";
import type { SecretColumn } from "./secrets-rotation";
import { Message } from "./session/message.entity";
import { Session } from "./session/session.entity";
import { SessionResolver } from "./session/session.resolver";
import { SessionService } from "./session/session.service";
import type { DocumentStorage } from "./storage/document-storage";
import { TerminationResolver } from "./termination/termination.resolver";
import { TerminationService } from "./termination/termination.service";
import { ViewerResolver } from "./viewer/viewer.resolver";

/** What lives as long as the server does. */
export interface Runtime {
  readonly db: Database;
  readonly limits: Limits;
  readonly log: Logger;
  readonly accessNews: AccessNews;
  readonly models: ModelCatalog;
  readonly providerModels: ProviderModels;
  readonly keyring: Keyring;
  /** The way out to models, tools and receivers of callbacks. */
  readonly outbound: Outbound;
  readonly storage: DocumentStorage;
  readonly documentLinks: DocumentLinks;
  readonly reader: Reader;
  readonly readings: DocumentReadings;
  readonly runs: RunRuntime;
}

/** What one request carries: who calls, and the objects that serve it. */
export interface Context {
  readonly requestId: string;
  readonly caller: Caller;
  readonly runService: RunService;
  readonly terminationService: TerminationService;
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

/** Where the secrets of others are kept. */
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
  TerminationResolver,
] as const;

/** Makes the objects of one request, with loaders of its own, so that no request sees what another has loaded. */
export function createContext(runtime: Runtime, caller: Caller, requestId: string): Context {
  const { db, limits, log, accessNews, models, providerModels, keyring, outbound, reader, runs } = runtime;
  const { storage, documentLinks, readings } = runtime;
  const appService = new AppService(db, caller);
  const scopeService = new ScopeService(db, appService, accessNews);
  const apiKeyService = new ApiKeyService(db, caller, appService, accessNews);
  const agentService = new AgentService(db, caller, appService, models, outbound);
  const modelConnectionService = new ModelConnectionService(db, appService, keyring, outbound, providerModels);
  const sessionService = new SessionService(db, caller, appService);
  const documentService = new DocumentService(
    db,
    caller,
    sessionService,
    storage,
    reader,
    readings,
    documentLinks,
    limits,
    log,
  );
  const callbackService = new CallbackService(db, caller, appService, keyring, runs.outbox);
  const runService = new RunService(db, caller, sessionService, runs, limits);
  const terminationService = new TerminationService(db, sessionService, documentService, runs, accessNews);

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
    [TerminationResolver, new TerminationResolver(terminationService)],
  ]);
  return { requestId, caller, runService, terminationService, resolvers };
}
