import { AuditEntry } from "./domain/audit/audit-entry.entity";
import { AuditHead, SignedHead } from "./domain/audit/audit-head.entity";
import { Agent } from "./domain/agent/agent.entity";
import { ApiKey } from "./domain/api-key/api-key.entity";
import { ApiKeyTag } from "./domain/api-key/api-key-tag.entity";
import { App } from "./domain/app/app.entity";
import { AppUsage } from "./domain/app/app-usage.entity";
import { Administrator } from "./domain/administrator/administrator.entity";
import { CallbackDelivery, callbackUrlColumn } from "./domain/callback/callback-delivery.entity";
import { CallbackSecret, callbackSecretColumn } from "./domain/callback/callback-secret.entity";
import { EventDelivery } from "./domain/event/event-delivery.entity";
import { eventUrlColumn } from "./domain/event/event-endpoints";
import { LimitWarning } from "./domain/event/limit-warning.entity";
import { ConsoleSession } from "./domain/console-session/console-session.entity";
import { Document } from "./domain/document/document.entity";
import { apiKeyColumn, ModelConnection } from "./domain/model-connection/model-connection.entity";
import { AppToolServer, headersColumn } from "./domain/tool-server/tool-server.entity";
import { InstanceRow } from "./platform/instance/instance.entity";
import { ServerHolder } from "./platform/instance/server-holder.entity";
import { HolderTokenUse } from "./domain/run/holder-token-use.entity";
import { IdempotencyKey } from "./domain/run/idempotency-key.entity";
import { Run } from "./domain/run/run.entity";
import { StoredRunEvent } from "./domain/run/run-event.entity";
import { TokenUse } from "./domain/run/token-use.entity";
import { UsedOperation } from "./domain/usage/usage.entity";
import { Scope } from "./domain/scope/scope.entity";
import { Message } from "./domain/session/message.entity";
import { Session } from "./domain/session/session.entity";
import type { SecretColumn } from "./platform/secrets/secret-column";

/** All tables. */
export const entities = [
  App,
  AppUsage,
  Scope,
  ApiKey,
  ApiKeyTag,
  Agent,
  ModelConnection,
  AppToolServer,
  Session,
  Message,
  Document,
  Run,
  StoredRunEvent,
  IdempotencyKey,
  TokenUse,
  HolderTokenUse,
  InstanceRow,
  ServerHolder,
  CallbackSecret,
  CallbackDelivery,
  EventDelivery,
  LimitWarning,
  AuditEntry,
  AuditHead,
  SignedHead,
  Administrator,
  UsedOperation,
  ConsoleSession,
];

/** The columns with secrets that users entrusted to the server. */
export const secretColumns: readonly SecretColumn[] = [
  apiKeyColumn,
  headersColumn,
  callbackSecretColumn,
  callbackUrlColumn,
  eventUrlColumn,
];
