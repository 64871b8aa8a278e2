import { registerEnumType } from "type-graphql";

export const AuditTargetType = {
  APP: "APP",
  SCOPE: "SCOPE",
  API_KEY: "API_KEY",
  AGENT: "AGENT",
  MODEL_CONNECTION: "MODEL_CONNECTION",
  TOOL_SERVER: "TOOL_SERVER",
  ADMINISTRATOR: "ADMINISTRATOR",
  AUDIT_LOG: "AUDIT_LOG",
} as const;
export type AuditTargetType = keyof typeof AuditTargetType;
registerEnumType(AuditTargetType, { name: "AuditTargetType" });

/** Everything that the audit log records, and what it is done to. */
export const auditTargets = {
  CREATE_APP: "APP",
  UPDATE_APP: "APP",
  DELETE_APP: "APP",
  REPLACE_CALLBACK_SECRET: "APP",
  CREATE_SCOPE: "SCOPE",
  UPDATE_SCOPE: "SCOPE",
  DELETE_SCOPE: "SCOPE",
  CREATE_API_KEY: "API_KEY",
  UPDATE_API_KEY: "API_KEY",
  ROTATE_API_KEY: "API_KEY",
  REVOKE_API_KEY: "API_KEY",
  END_API_KEY: "API_KEY",
  REVOKE_API_KEYS: "APP",
  CREATE_AGENT: "AGENT",
  UPDATE_AGENT: "AGENT",
  DELETE_AGENT: "AGENT",
  CREATE_MODEL_CONNECTION: "MODEL_CONNECTION",
  UPDATE_MODEL_CONNECTION: "MODEL_CONNECTION",
  DELETE_MODEL_CONNECTION: "MODEL_CONNECTION",
  CREATE_TOOL_SERVER: "TOOL_SERVER",
  UPDATE_TOOL_SERVER: "TOOL_SERVER",
  DELETE_TOOL_SERVER: "TOOL_SERVER",
  CREATE_ADMINISTRATOR: "ADMINISTRATOR",
  UPDATE_ADMINISTRATOR: "ADMINISTRATOR",
  ROTATE_ADMINISTRATOR_KEY: "ADMINISTRATOR",
  REVOKE_ADMINISTRATOR: "ADMINISTRATOR",
  SIGN_IN: "ADMINISTRATOR",
  SIGN_OUT: "ADMINISTRATOR",
  REFUSE_OPERATION: "API_KEY",
  REFUSE_ADDRESS: "API_KEY",
  REFUSE_REVOKED_KEY: "API_KEY",
  TRIP_API_KEY: "API_KEY",
  START_CHAIN: "AUDIT_LOG",
  DELETE_ENTRIES: "AUDIT_LOG",
} as const satisfies Readonly<Record<string, AuditTargetType>>;

export type AuditAction = keyof typeof auditTargets;
export const AuditAction = Object.fromEntries(Object.keys(auditTargets).map((action) => [action, action])) as {
  readonly [Action in AuditAction]: Action;
};
registerEnumType(AuditAction, {
  name: "AuditAction",
  valuesConfig: {
    END_API_KEY: { description: "The first use of its successor ended a rotated key." },
    REVOKE_API_KEYS: { description: "`latchkey keys revoke` revoked the keys of an app or of a scope." },
    REFUSE_OPERATION: {
      description: "Operations of the key were refused, as they need a permission that its scope does not grant.",
    },
    REFUSE_ADDRESS: { description: "Requests with the key came from an address that it may not be used from." },
    REFUSE_REVOKED_KEY: { description: "The key was used although it is revoked." },
    TRIP_API_KEY: { description: "A key was used that is a tripwire: somebody has found it." },
    START_CHAIN: { description: "The chain of an app began." },
    DELETE_ENTRIES: { description: "Entries older than AUDIT_RETENTION_DAYS were deleted." },
  },
});

export const AuditActorKind = {
  ADMINISTRATOR: "ADMINISTRATOR",
  API_KEY: "API_KEY",
  COMMAND: "COMMAND",
  SERVER: "SERVER",
} as const;
export type AuditActorKind = keyof typeof AuditActorKind;
registerEnumType(AuditActorKind, {
  name: "AuditActorKind",
  valuesConfig: {
    COMMAND: { description: "A command on the server's machine, such as `latchkey keys revoke`." },
    SERVER: { description: "The server itself." },
  },
});
