import { allPermissions, type TestGrants, type TestPermissions } from "./test-app";

/**
 * The access policy of this API, written by hand: one row per field. `+` means that a caller with only the grant of this
 * column may use the field, `-` that it may not. The last column is what the schema says that the field requires.
 */
const table = `
                                 nothing VIEW EDIT FULL RUN SESSION_CREATE SESSION_TERMINATE DOCUMENT_UPLOAD SESSION_VIEW VIEW_KEYS MANAGE_KEYS KEY_MANAGER AUDITOR CONFINED_ADMIN admin

Query.viewer                        +     +    +    +    +        +                +                +             +           +          +            +         +          +          +   any
Query.apps                          -     -    -    -    -        -                -                -             -           -          -            +         +          +          +   admin or KEY_MANAGER or AUDITOR
Query.app                           -     -    -    -    -        -                -                -             -           -          -            +         +          +          +   admin or KEY_MANAGER or AUDITOR
Query.scopes                        -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
Query.scope                         -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
Query.scopePresets                  -     -    -    -    -        -                -                -             -           -          -            +         +          +          +   admin or KEY_MANAGER or AUDITOR
Query.apiKeys                       -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
Query.usage                         -     -    -    -    -        -                -                -             -           -          -            +         +          +          +   admin or KEY_MANAGER or AUDITOR
Query.apiKey                        -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
Query.modelConnections              -     -    -    -    -        -                -                -             -           -          -            -         +          +          +   admin or AUDITOR
Query.modelConnection               -     -    -    -    -        -                -                -             -           -          -            -         +          +          +   admin or AUDITOR
Query.toolServers                   -     -    -    -    -        -                -                -             -           -          -            -         +          +          +   admin or AUDITOR
Query.toolServer                    -     -    -    -    -        -                -                -             -           -          -            -         +          +          +   admin or AUDITOR
Query.auditLog                      -     -    -    -    -        -                -                -             -           -          -            -         +          +          +   admin or AUDITOR
Query.auditVerification             -     -    -    -    -        -                -                -             -           -          -            -         +          +          +   admin or AUDITOR
Query.administrators                -     -    -    -    -        -                -                -             -           -          -            -         +          -          +   admin of all apps or AUDITOR of all apps
Query.administrator                 -     -    -    -    -        -                -                -             -           -          -            -         +          -          +   admin of all apps or AUDITOR of all apps
Query.consoleSessions               -     -    -    -    -        -                -                -             -           -          -            -         +          -          +   admin of all apps or AUDITOR of all apps
Query.agents                        -     +    +    +    -        -                -                -             -           -          -            +         +          +          +   VIEW
Query.agent                         -     +    +    +    -        -                -                -             -           -          -            +         +          +          +   VIEW
Query.sessions                      -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
Query.session                       -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
Query.documentContent               -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
Query.runs                          -     -    -    -    -        -                -                -             -           -          -            -         +          +          +   admin or AUDITOR
Query.run                           -     -    -    -    +        -                -                -             -           -          -            -         +          +          +   RUN or AUDITOR
Query.callbackDeliveries            -     -    -    -    +        -                -                -             -           -          -            -         +          +          +   RUN or AUDITOR
Query.eventDeliveries               -     -    -    -    -        -                -                -             -           -          -            -         +          +          +   admin or AUDITOR

Mutation.createApp                  -     -    -    -    -        -                -                -             -           -          -            -         -          -          +   admin of all apps
Mutation.updateApp                  -     -    -    -    -        -                -                -             -           -          -            -         -          +          +   admin
Mutation.deleteApp                  -     -    -    -    -        -                -                -             -           -          -            -         -          +          +   admin
Mutation.createAdministrator        -     -    -    -    -        -                -                -             -           -          -            -         -          -          +   admin of all apps
Mutation.updateAdministrator        -     -    -    -    -        -                -                -             -           -          -            -         -          -          +   admin of all apps
Mutation.rotateAdministratorKey     -     -    -    -    -        -                -                -             -           -          -            -         -          -          +   admin of all apps
Mutation.revokeAdministrator        -     -    -    -    -        -                -                -             -           -          -            -         -          -          +   admin of all apps
Mutation.endConsoleSession          -     -    -    -    -        -                -                -             -           -          -            -         -          -          +   admin of all apps
Mutation.createScope                -     -    -    -    -        -                -                -             -           -          -            +         -          +          +   admin or KEY_MANAGER
Mutation.updateScope                -     -    -    -    -        -                -                -             -           -          -            +         -          +          +   admin or KEY_MANAGER
Mutation.deleteScope                -     -    -    -    -        -                -                -             -           -          -            +         -          +          +   admin or KEY_MANAGER
Mutation.createApiKey               -     -    -    -    -        -                -                -             -           -          +            +         -          +          +   admin or KEY_MANAGER or MANAGE on keys
Mutation.updateApiKey               -     -    -    -    -        -                -                -             -           -          +            +         -          +          +   admin or KEY_MANAGER or MANAGE on keys
Mutation.renameApiKey               -     -    -    -    -        -                -                -             -           -          +            +         -          +          +   admin or KEY_MANAGER or MANAGE on keys
Mutation.revokeApiKey               -     -    -    -    -        -                -                -             -           -          +            +         -          +          +   admin or KEY_MANAGER or MANAGE on keys
Mutation.cloneScope                 -     -    -    -    -        -                -                -             -           -          -            +         -          +          +   admin or KEY_MANAGER
Mutation.revokeApiKeys              -     -    -    -    -        -                -                -             -           -          -            +         -          +          +   admin or KEY_MANAGER
Mutation.rotateApiKey               -     -    -    -    -        -                -                -             -           -          +            +         -          +          +   admin or KEY_MANAGER or MANAGE on keys
Mutation.createModelConnection      -     -    -    -    -        -                -                -             -           -          -            -         -          +          +   admin
Mutation.updateModelConnection      -     -    -    -    -        -                -                -             -           -          -            -         -          +          +   admin
Mutation.deleteModelConnection      -     -    -    -    -        -                -                -             -           -          -            -         -          +          +   admin
Mutation.testModelConnection        -     -    -    -    -        -                -                -             -           -          -            -         -          +          +   admin
Mutation.createToolServer           -     -    -    -    -        -                -                -             -           -          -            -         -          +          +   admin
Mutation.updateToolServer           -     -    -    -    -        -                -                -             -           -          -            -         -          +          +   admin
Mutation.deleteToolServer           -     -    -    -    -        -                -                -             -           -          -            -         -          +          +   admin
Mutation.testToolServer             -     -    -    -    -        -                -                -             -           -          -            -         -          +          +   admin
Mutation.replaceCallbackSecret      -     -    -    -    -        -                -                -             -           -          -            -         -          +          +   admin
Mutation.createAgent                -     -    -    +    -        -                -                -             -           -          -            -         -          +          +   FULL on ALL
Mutation.updateAgent                -     -    +    +    -        -                -                -             -           -          -            -         -          +          +   EDIT
Mutation.deleteAgent                -     -    -    +    -        -                -                -             -           -          -            -         -          +          +   FULL
Mutation.createSession              -     -    -    -    -        +                -                -             -           -          -            -         -          +          +   SESSION_CREATE
Mutation.terminateSession           -     -    -    -    -        -                +                -             -           -          -            -         -          +          +   SESSION_TERMINATE
Mutation.uploadDocument             -     -    -    -    -        -                -                +             -           -          -            -         -          +          +   DOCUMENT_UPLOAD
Mutation.deleteDocument             -     -    -    -    -        -                -                +             -           -          -            -         -          +          +   DOCUMENT_UPLOAD
Mutation.executeAgent               -     -    -    -    +        -                -                -             -           -          -            -         -          +          +   RUN
Mutation.cancelRun                  -     -    -    -    +        -                -                -             -           -          -            -         -          +          +   RUN
Mutation.redeliverCallback          -     -    -    -    +        -                -                -             -           -          -            -         -          +          +   RUN

Subscription.runEvents              -     -    -    -    +        -                -                -             -           -          -            -         +          +          +   RUN or AUDITOR

App.callbackSecretCreatedAt         -     -    -    -    -        -                -                -             -           -          -            -         +          +          +   admin or AUDITOR
App.eventHost                       -     -    -    -    -        -                -                -             -           -          -            -         +          +          +   admin or AUDITOR
AppLimits.usage                     -     -    -    -    -        -                -                -             -           -          -            +         +          +          +   admin or KEY_MANAGER or AUDITOR
ApiKey.usage                        -     -    -    -    -        -                -                -             -           -          -            +         +          +          +   admin or KEY_MANAGER or AUDITOR
ApiKey.description                  -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
ApiKey.tripwire                     -     -    -    -    -        -                -                -             -           -          -            +         +          +          +   admin or KEY_MANAGER or AUDITOR
ApiKey.owner                        -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
ApiKey.environment                  -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
ApiKey.tags                         -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
ApiKey.createdBy                    -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
ApiKey.lastUsedFrom                 -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
ApiKey.revokedBy                    -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
ApiKey.revokedReason                -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
ApiKey.successor                    -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
ApiKey.predecessor                  -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
ApiKey.allowedAddresses             -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
Scope.allowedAddresses              -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
Scope.tags                          -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
Scope.apiKeys                       -     -    -    -    -        -                -                -             -           +          +            +         +          +          +   admin or KEY_MANAGER or AUDITOR or VIEW on keys
Session.userReference               -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
Session.metadata                    -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
Session.messages                    -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
Session.runs                        -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
Session.documents                   -     -    -    -    -        -                -                +             +           -          -            -         +          +          +   SESSION_VIEW or DOCUMENT_UPLOAD
RunReasoning.text                   -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
RunToolCall.arguments               -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
RunToolResult.result                -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
Run.metadata                        -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
Run.startedBy                       -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
Run.apiKey                          -     -    -    -    -        -                -                -             +           -          -            -         +          +          +   SESSION_VIEW
Run.agent                           -     +    +    +    -        -                -                -             -           -          -            +         +          +          +   VIEW
`;

export type Grant =
  | "nothing"
  | Exclude<NonNullable<TestPermissions["agents"]>, "NONE">
  | NonNullable<TestPermissions["runtime"]>[number]
  | "VIEW_KEYS"
  | "MANAGE_KEYS"
  | TestRole
  | "admin";

/** Administrators by name: each role without confinement, and ADMIN with one. */
export type TestRole = "KEY_MANAGER" | "AUDITOR" | "CONFINED_ADMIN";

/** The permissions of a scope with only this grant. */
export const permissionsOf: Readonly<Record<Exclude<Grant, TestRole | "admin">, TestGrants>> = {
  nothing: { agents: "NONE", runtime: [] },
  VIEW: { agents: "VIEW", runtime: [] },
  EDIT: { agents: "EDIT", runtime: [] },
  FULL: { agents: "FULL", runtime: [] },
  RUN: { agents: "NONE", runtime: ["RUN"] },
  SESSION_CREATE: { agents: "NONE", runtime: ["SESSION_CREATE"] },
  SESSION_TERMINATE: { agents: "NONE", runtime: ["SESSION_TERMINATE"] },
  DOCUMENT_UPLOAD: { agents: "NONE", runtime: ["DOCUMENT_UPLOAD"] },
  SESSION_VIEW: { agents: "NONE", runtime: ["SESSION_VIEW"] },
  VIEW_KEYS: { agents: "NONE", runtime: [], keys: "VIEW" },
  MANAGE_KEYS: { agents: "NONE", runtime: [], keys: "MANAGE" },
};
/** The grant of a role, as a denial reports it. */
export const grantedByRole: Readonly<Record<TestRole, TestGrants>> = {
  KEY_MANAGER: { agents: "VIEW", runtime: [], keys: "MANAGE" },
  AUDITOR: { agents: "VIEW", runtime: ["SESSION_VIEW"], keys: "VIEW" },
  CONFINED_ADMIN: { ...allPermissions, keys: "MANAGE" },
};
const roles = Object.keys(grantedByRole) as TestRole[];
export const isRole = (grant: Grant): grant is TestRole => roles.some((role) => role === grant);

export const grants = [...Object.keys(permissionsOf), ...roles, "admin"] as Grant[];

/** A row of the table. */
export interface Access {
  readonly opens: ReadonlySet<Grant>;
  /** The `required` of a denial to an API key, which is not told of roles. */
  readonly required: string;
  /** The `required` of a denial to an administrator, and the requirement in the schema. */
  readonly described: string;
}

/** The table by field, such as `Query.viewer`. */
export const access: ReadonlyMap<string, Access> = readTable();

export function accessOf(field: string): Access {
  const row = access.get(field);
  if (!row) throw new Error(`The access table has no row for ${field}`);
  return row;
}

/** Whether a scope may use the field: a scope allows a field if one of its grants alone allows it. */
export function opensTo(permissions: TestGrants, { opens }: Access): boolean {
  const granted: Grant[] = ["nothing", ...permissions.runtime];
  if (permissions.keys) granted.push(`${permissions.keys}_KEYS`);
  if (permissions.agents !== "NONE") granted.push(permissions.agents);
  return granted.some((grant) => opens.has(grant));
}

/** Whether any scope may use the field. */
export const opensToKeys = ({ opens }: Access): boolean =>
  [...opens].some((grant) => !isRole(grant) && grant !== "admin");

function readTable(): Map<string, Access> {
  const [header = [], ...rows] = table
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.trim().split(/ +/));
  if (header.join() !== grants.join()) throw new Error("The columns of the access table are not the grants");

  return new Map(
    rows.map(([field = "", ...cells]) => {
      const marks = cells.slice(0, grants.length);
      if (!marks.every((mark) => mark === "+" || mark === "-"))
        throw new Error(`The row of ${field} in the access table is malformed`);
      const described = cells.slice(grants.length).join(" ");
      const onKeys = / or (\w+ on keys)$/.exec(described)?.[1];
      const required = onKeys ?? (described.startsWith("admin") ? "admin" : described.replace(" or AUDITOR", ""));
      return [field, { opens: new Set(grants.filter((_, column) => marks[column] === "+")), required, described }];
    }),
  );
}
