import type { AuditFilter } from "./operations.generated";

export type AuditAction = NonNullable<AuditFilter["action"]>;

/** Every action of the API, which the compiler checks. */
const actions: Readonly<Record<AuditAction, true>> = {
  CREATE_API_KEY: true,
  UPDATE_API_KEY: true,
  ROTATE_API_KEY: true,
  REVOKE_API_KEY: true,
  REVOKE_API_KEYS: true,
  END_API_KEY: true,
  TRIP_API_KEY: true,
  CREATE_SCOPE: true,
  UPDATE_SCOPE: true,
  DELETE_SCOPE: true,
  CREATE_AGENT: true,
  UPDATE_AGENT: true,
  DELETE_AGENT: true,
  CREATE_APP: true,
  UPDATE_APP: true,
  DELETE_APP: true,
  CREATE_MODEL_CONNECTION: true,
  UPDATE_MODEL_CONNECTION: true,
  DELETE_MODEL_CONNECTION: true,
  CREATE_TOOL_SERVER: true,
  UPDATE_TOOL_SERVER: true,
  DELETE_TOOL_SERVER: true,
  REPLACE_CALLBACK_SECRET: true,
  CREATE_ADMINISTRATOR: true,
  UPDATE_ADMINISTRATOR: true,
  ROTATE_ADMINISTRATOR_KEY: true,
  REVOKE_ADMINISTRATOR: true,
  SIGN_IN: true,
  SIGN_OUT: true,
  REFUSE_OPERATION: true,
  REFUSE_ADDRESS: true,
  REFUSE_REVOKED_KEY: true,
  START_CHAIN: true,
  DELETE_ENTRIES: true,
};

export const auditActions = Object.keys(actions) as AuditAction[];
