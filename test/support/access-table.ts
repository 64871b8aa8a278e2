import type { TestPermissions } from "./test-app";

/**
 * The access policy of this API, written by hand: one row per field. `+` means that a caller with only the grant of this
 * column may use the field, `-` that it may not. The last column is the `required` of a denial.
 */
const table = `
                             nothing VIEW EDIT FULL RUN SESSION_CREATE SESSION_TERMINATE DOCUMENT_UPLOAD SESSION_VIEW admin

Query.viewer                    +      +    +    +   +        +                +                +             +         +    any
Query.apps                      -      -    -    -   -        -                -                -             -         +    admin
Query.app                       -      -    -    -   -        -                -                -             -         +    admin
Query.scopes                    -      -    -    -   -        -                -                -             -         +    admin
Query.scope                     -      -    -    -   -        -                -                -             -         +    admin
Query.apiKeys                   -      -    -    -   -        -                -                -             -         +    admin
Query.apiKey                    -      -    -    -   -        -                -                -             -         +    admin
Query.modelConnections          -      -    -    -   -        -                -                -             -         +    admin
Query.modelConnection           -      -    -    -   -        -                -                -             -         +    admin
Query.agents                    -      +    +    +   -        -                -                -             -         +    VIEW
Query.agent                     -      +    +    +   -        -                -                -             -         +    VIEW
Query.sessions                  -      -    -    -   -        -                -                -             +         +    SESSION_VIEW
Query.session                   -      -    -    -   -        -                -                -             +         +    SESSION_VIEW
Query.documentContent           -      -    -    -   -        -                -                -             +         +    SESSION_VIEW
Query.run                       -      -    -    -   +        -                -                -             -         +    RUN
Query.callbackDeliveries        -      -    -    -   +        -                -                -             -         +    RUN

Mutation.createApp              -      -    -    -   -        -                -                -             -         +    admin
Mutation.updateApp              -      -    -    -   -        -                -                -             -         +    admin
Mutation.deleteApp              -      -    -    -   -        -                -                -             -         +    admin
Mutation.createScope            -      -    -    -   -        -                -                -             -         +    admin
Mutation.updateScope            -      -    -    -   -        -                -                -             -         +    admin
Mutation.deleteScope            -      -    -    -   -        -                -                -             -         +    admin
Mutation.createApiKey           -      -    -    -   -        -                -                -             -         +    admin
Mutation.renameApiKey           -      -    -    -   -        -                -                -             -         +    admin
Mutation.revokeApiKey           -      -    -    -   -        -                -                -             -         +    admin
Mutation.createModelConnection  -      -    -    -   -        -                -                -             -         +    admin
Mutation.updateModelConnection  -      -    -    -   -        -                -                -             -         +    admin
Mutation.deleteModelConnection  -      -    -    -   -        -                -                -             -         +    admin
Mutation.testModelConnection    -      -    -    -   -        -                -                -             -         +    admin
Mutation.replaceCallbackSecret  -      -    -    -   -        -                -                -             -         +    admin
Mutation.createAgent            -      -    -    +   -        -                -                -             -         +    FULL
Mutation.updateAgent            -      -    +    +   -        -                -                -             -         +    EDIT
Mutation.deleteAgent            -      -    -    +   -        -                -                -             -         +    FULL
Mutation.createSession          -      -    -    -   -        +                -                -             -         +    SESSION_CREATE
Mutation.terminateSession       -      -    -    -   -        -                +                -             -         +    SESSION_TERMINATE
Mutation.uploadDocument         -      -    -    -   -        -                -                +             -         +    DOCUMENT_UPLOAD
Mutation.deleteDocument         -      -    -    -   -        -                -                +             -         +    DOCUMENT_UPLOAD
Mutation.executeAgent           -      -    -    -   +        -                -                -             -         +    RUN
Mutation.cancelRun              -      -    -    -   +        -                -                -             -         +    RUN
Mutation.redeliverCallback      -      -    -    -   +        -                -                -             -         +    RUN

Subscription.runEvents          -      -    -    -   +        -                -                -             -         +    RUN

App.callbackSecretCreatedAt     -      -    -    -   -        -                -                -             -         +    admin
Scope.apiKeys                   -      -    -    -   -        -                -                -             -         +    admin
Session.messages                -      -    -    -   -        -                -                -             +         +    SESSION_VIEW
Session.runs                    -      -    -    -   -        -                -                -             +         +    SESSION_VIEW
Session.documents               -      -    -    -   -        -                -                +             +         +    SESSION_VIEW or DOCUMENT_UPLOAD
Run.agent                       -      +    +    +   -        -                -                -             -         +    VIEW
`;

export type Grant =
  | "nothing"
  | Exclude<NonNullable<TestPermissions["agents"]>, "NONE">
  | NonNullable<TestPermissions["runtime"]>[number]
  | "admin";

/** The permissions of a scope with only this grant. */
export const permissionsOf: Readonly<Record<Exclude<Grant, "admin">, Required<TestPermissions>>> = {
  nothing: { agents: "NONE", runtime: [] },
  VIEW: { agents: "VIEW", runtime: [] },
  EDIT: { agents: "EDIT", runtime: [] },
  FULL: { agents: "FULL", runtime: [] },
  RUN: { agents: "NONE", runtime: ["RUN"] },
  SESSION_CREATE: { agents: "NONE", runtime: ["SESSION_CREATE"] },
  SESSION_TERMINATE: { agents: "NONE", runtime: ["SESSION_TERMINATE"] },
  DOCUMENT_UPLOAD: { agents: "NONE", runtime: ["DOCUMENT_UPLOAD"] },
  SESSION_VIEW: { agents: "NONE", runtime: ["SESSION_VIEW"] },
};
export const grants = [...Object.keys(permissionsOf), "admin"] as Grant[];

/** A row of the table. */
export interface Access {
  readonly opens: ReadonlySet<Grant>;
  readonly required: string;
}

/** The table by field, such as `Query.viewer`. */
export const access: ReadonlyMap<string, Access> = readTable();

export function accessOf(field: string): Access {
  const row = access.get(field);
  if (!row) throw new Error(`The access table has no row for ${field}`);
  return row;
}

/** Whether a scope may use the field: a scope allows a field if one of its grants alone allows it. */
export function opensTo(permissions: Required<TestPermissions>, { opens }: Access): boolean {
  const granted: Grant[] = ["nothing", ...permissions.runtime];
  if (permissions.agents !== "NONE") granted.push(permissions.agents);
  return granted.some((grant) => opens.has(grant));
}

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
      const required = cells.slice(grants.length).join(" ");
      return [field, { opens: new Set(grants.filter((_, column) => marks[column] === "+")), required }];
    }),
  );
}
