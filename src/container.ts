import type { Logger } from "pino";
import type { AuditLog } from "./domain/audit/audit-log";
import type { AuditRefusals } from "./domain/audit/audit-refusals";
import { AuditResolver } from "./domain/audit/audit.resolver";
import { AuditService } from "./domain/audit/audit.service";
import { actorOf, AuditTrail } from "./domain/audit/audit-trail";
import { AgentResolver } from "./domain/agent/agent.resolver";
import { AgentService } from "./domain/agent/agent.service";
import { ApiKeyResolver } from "./domain/api-key/api-key.resolver";
import { ApiKeyService } from "./domain/api-key/api-key.service";
import { KeyDelegation } from "./domain/api-key/key-delegation";
import { KeyRotation } from "./domain/api-key/key-rotation";
import { PrincipalResolver } from "./domain/api-key/principal.resolver";
import { ScopeApiKeysResolver } from "./domain/api-key/scope-api-keys.resolver";
import { ShutOutKeysResolver } from "./domain/api-key/shut-out-keys.resolver";
import { AppLimitsResolver } from "./domain/app/app-limits.resolver";
import { AppResolver } from "./domain/app/app.resolver";
import { AppService } from "./domain/app/app.service";
import { AdministratorResolver } from "./domain/administrator/administrator.resolver";
import { AdministratorService } from "./domain/administrator/administrator.service";
import type { AccessNotifier } from "./auth/access-notifier";
import type { OperationAccess } from "./auth/operation-access";
import { type Caller, identityOf, isRevocable } from "./auth/caller";
import { AppCallbackResolver } from "./domain/callback/app-callback.resolver";
import { CallbackResolver } from "./domain/callback/callback.resolver";
import { CallbackService } from "./domain/callback/callback.service";
import { EventEndpoints } from "./domain/event/event-endpoints";
import { EventResolver } from "./domain/event/event.resolver";
import { EventService } from "./domain/event/event.service";
import type { RequestRates } from "./domain/api-key/request-rates";
import type { Limits } from "./config";
import { ConsoleSessionResolver } from "./domain/console-session/console-session.resolver";
import type { ConsoleSessions } from "./domain/console-session/console-sessions";
import type { Database, TransactionGuard } from "./platform/database/database";
import { DocumentResolver } from "./domain/document/document.resolver";
import { DocumentService } from "./domain/document/document.service";
import type { DocumentLinks } from "./domain/document/document-links";
import type { DocumentProcessor } from "./domain/document/document-processor";
import type { ModelCatalog } from "./model/catalog";
import { AgentToolResolver } from "./domain/agent/agent-tool.resolver";
import { AgentTools } from "./domain/agent/agent-tools";
import { ToolServerResolver } from "./domain/tool-server/tool-server.resolver";
import { ToolServerService } from "./domain/tool-server/tool-server.service";
import type { ToolServers } from "./domain/tool-server/tool-servers";
import type { ToolTimings } from "./model/tools/mcp-server";
import { ModelConnectionResolver } from "./domain/model-connection/model-connection.resolver";
import { ModelConnectionService } from "./domain/model-connection/model-connection.service";
import type { ProviderModels } from "./domain/model-connection/provider-models";
import type { Outbound, OutboundPurpose } from "./platform/outbound/outbound";
import type { DocumentReader } from "./retrieval/document-reader";
import { RunListResolver } from "./domain/run/run-list.resolver";
import { RunLists } from "./domain/run/run-lists";
import { RunResolver } from "./domain/run/run.resolver";
import { type RunRuntime, RunService } from "./domain/run/run.service";
import { SessionRunsResolver } from "./domain/run/session-runs.resolver";
import type { OperationReport } from "./domain/usage/operation-report";
import { KeyUsageResolver } from "./domain/usage/key-usage.resolver";
import { UsageResolver } from "./domain/usage/usage.resolver";
import { UsageService } from "./domain/usage/usage.service";
import type { UsageCollector } from "./domain/usage/usage-collector";
import { ResponseBudget } from "./platform/process/response-budget";
import { PermissionsResolver } from "./domain/scope/permissions.resolver";
import { ScopeResolver } from "./domain/scope/scope.resolver";
import { ScopeService } from "./domain/scope/scope.service";
import type { RateCounter } from "./platform/rates/rate-counter";
import type { Keyring } from "./platform/secrets/keyring";
import { SessionResolver } from "./domain/session/session.resolver";
import { SessionService } from "./domain/session/session.service";
import type { DocumentStorage } from "./platform/storage/document-storage";
import { BulkRevocation } from "./domain/lifecycle/bulk-revocation";
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
  readonly auditLog: AuditLog;
  readonly refusals: AuditRefusals;
  readonly models: ModelCatalog;
  readonly providerModels: ProviderModels;
  readonly toolServers: ToolServers;
  readonly toolTimings: ToolTimings;
  readonly keyring: Keyring;
  /** For all requests to models, tool servers and receivers of callbacks. */
  readonly outbound: Readonly<Record<OutboundPurpose, Outbound>>;
  readonly storage: DocumentStorage;
  readonly documentLinks: DocumentLinks;
  readonly reader: DocumentReader;
  readonly documentProcessor: DocumentProcessor;
  readonly runs: RunRuntime;
  readonly rateCounter: RateCounter;
  readonly rates: RequestRates;
  readonly usage: UsageCollector;
  readonly usageRetentionDays: number;
  readonly consoleSessions: ConsoleSessions;
}

/** The rights of one operation, with a guard for its transactions: none commits without the rights. */
export interface GuardedAccess extends OperationAccess {
  readonly guard: TransactionGuard;
}

/** The caller of one request, and the objects that serve it. */
export interface Context {
  readonly requestId: string;
  readonly report: OperationReport;
  readonly caller: Caller;
  /** Bounds the result of the operation while it is executed. */
  readonly response: ResponseBudget;
  readonly access: OperationAccess;
  readonly runService: RunService;
  /** The index of the last event of a run that the caller has had, as far as it says so. */
  readonly resumeAfter: (runId: string) => number | undefined;
  readonly resolvers: ReadonlyMap<unknown, object>;
}

export const resolverClasses = [
  ViewerResolver,
  AppResolver,
  AppLimitsResolver,
  ScopeResolver,
  PermissionsResolver,
  ApiKeyResolver,
  ScopeApiKeysResolver,
  ShutOutKeysResolver,
  AgentResolver,
  AgentToolResolver,
  ToolServerResolver,
  ModelConnectionResolver,
  SessionResolver,
  DocumentResolver,
  PrincipalResolver,
  RunResolver,
  RunListResolver,
  SessionRunsResolver,
  CallbackResolver,
  AppCallbackResolver,
  EventResolver,
  LifecycleResolver,
  UsageResolver,
  KeyUsageResolver,
  AuditResolver,
  AdministratorResolver,
  ConsoleSessionResolver,
] as const;

/** Creates the objects of one request. Each request has its own loaders, so that none sees what another has loaded. */
export function createContext(
  runtime: Runtime,
  caller: Caller,
  report: OperationReport,
  access: GuardedAccess,
  resumeAfter: Context["resumeAfter"] = () => undefined,
): Context {
  const db = databaseFor(caller, runtime.db, access, report);
  const audit = new AuditTrail(runtime.auditLog, actorOf(caller), report);
  const { limits, accessNotifier, models, providerModels, keyring, outbound, reader, runs } = runtime;
  const { storage, documentLinks, documentProcessor } = runtime;
  const appService = new AppService(db, caller, audit, new EventEndpoints(runs.outbox, keyring, audit));
  const scopeService = new ScopeService(db, caller, appService, accessNotifier, audit);
  const keyDelegation = new KeyDelegation(db, caller);
  const apiKeyService = new ApiKeyService(db, caller, appService, accessNotifier, audit, keyDelegation);
  const keyRotation = new KeyRotation(db, caller, accessNotifier, audit, keyDelegation);
  const { toolServers, toolTimings } = runtime;
  const agentTools = new AgentTools(caller, toolServers, outbound.tools);
  const agentService = new AgentService(db, caller, appService, models, agentTools, audit);
  const toolServerService = new ToolServerService(
    db,
    caller,
    appService,
    keyring,
    outbound.tools,
    toolServers,
    toolTimings,
    audit,
  );
  const modelConnectionService = new ModelConnectionService(
    db,
    caller,
    appService,
    keyring,
    outbound.models,
    providerModels,
    audit,
  );
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
  const callbackService = new CallbackService(db, caller, appService, keyring, runs.outbox, audit);
  const runService = new RunService(db, caller, access, sessionService, runs, limits);
  const { sessionTermination, appDeletion } = createLifecycle(db, runs, documentProcessor, accessNotifier);
  const lifecycleService = new LifecycleService(
    db,
    caller,
    sessionService,
    runs.executor,
    sessionTermination,
    appDeletion,
    audit,
  );

  const administratorService = new AdministratorService(db, caller, accessNotifier, audit);
  const bulkRevocation = new BulkRevocation(db, caller, accessNotifier, audit);

  const usageService = new UsageService(db, appService, runtime.usage, runtime.usageRetentionDays);

  const resolvers = new Map<unknown, object>([
    [UsageResolver, new UsageResolver(usageService)],
    [KeyUsageResolver, new KeyUsageResolver(usageService)],
    [ViewerResolver, new ViewerResolver(appService, apiKeyService)],
    [AppResolver, new AppResolver(appService)],
    [AppLimitsResolver, new AppLimitsResolver(appService)],
    [EventResolver, new EventResolver(new EventService(db, appService))],
    [ScopeResolver, new ScopeResolver(scopeService, appService)],
    [PermissionsResolver, new PermissionsResolver()],
    [ApiKeyResolver, new ApiKeyResolver(apiKeyService, scopeService, keyRotation)],
    [ShutOutKeysResolver, new ShutOutKeysResolver(apiKeyService)],
    [ScopeApiKeysResolver, new ScopeApiKeysResolver(apiKeyService)],
    [AgentResolver, new AgentResolver(agentService, appService)],
    [AgentToolResolver, new AgentToolResolver(toolServers)],
    [ToolServerResolver, new ToolServerResolver(toolServerService, appService)],
    [ModelConnectionResolver, new ModelConnectionResolver(modelConnectionService, appService)],
    [SessionResolver, new SessionResolver(sessionService, appService)],
    [DocumentResolver, new DocumentResolver(documentService)],
    [PrincipalResolver, new PrincipalResolver(apiKeyService)],
    [RunListResolver, new RunListResolver(new RunLists(db, appService))],
    [RunResolver, new RunResolver(runService, sessionService, agentService, apiKeyService)],
    [SessionRunsResolver, new SessionRunsResolver(runService)],
    [CallbackResolver, new CallbackResolver(callbackService)],
    [AppCallbackResolver, new AppCallbackResolver(callbackService)],
    [AdministratorResolver, new AdministratorResolver(administratorService)],
    [ConsoleSessionResolver, new ConsoleSessionResolver(runtime.consoleSessions, caller, audit)],
    [LifecycleResolver, new LifecycleResolver(lifecycleService, bulkRevocation)],
    [AuditResolver, new AuditResolver(new AuditService(db, caller, runtime.auditLog.keys))],
  ]);
  const response = new ResponseBudget(limits.maxResponseBytes);
  return { requestId: report.requestId, report, caller, response, access, runService, resumeAfter, resolvers };
}

/** The share of the database's turns that administrators have, besides those of apps. */
export const administratorsShare = "administrators";

/** Administrators have connections of their own; apps take turns, and the keys of an app do. */
function databaseFor(caller: Caller, db: Database, { guard }: GuardedAccess, counter: OperationReport): Database {
  if (caller.kind === "API_KEY")
    return db.sharedBy({ appId: caller.appId, lane: caller.keyId, counter }).guardedBy(guard);
  const reserved = db.reserved.sharedBy({ appId: administratorsShare, lane: identityOf(caller), counter });
  return isRevocable(caller) ? reserved.guardedBy(guard) : reserved;
}
