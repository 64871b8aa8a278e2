import type { TestPermissions } from "./test-app";

/**
 * Who may use which field, by hand: the policy of this API, a line a field. `+` opens the field to who has been granted
 * what stands above and nothing else, `-` does not. The last word is what a refusal says is required.
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

/** The grants, each alone, as the permissions of a scope. An administrator has none of them. */
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

/** A line of the table. */
export interface Access {
  readonly opens: ReadonlySet<Grant>;
  readonly required: string;
}

/** The table by field, such as `Query.viewer`. */
export const access: ReadonlyMap<string, Access> = readTable();

export function accessOf(field: string): Access {
  const line = access.get(field);
  if (!line) throw new Error(`The table lacks ${field}`);
  return line;
}

/** A scope allows what one of its permissions alone would open. */
export function opensTo(permissions: Required<TestPermissions>, { opens }: Access): boolean {
  const granted: Grant[] = ["nothing", ...permissions.runtime];
  if (permissions.agents !== "NONE") granted.push(permissions.agents);
  return granted.some((grant) => opens.has(grant));
}

function readTable(): Map<string, Access> {
  const [header = [], ...lines] = table
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.trim().split(/ +/));
  if (header.join() !== grants.join()) throw new Error("The table's columns are not the grants");

  return new Map(
    lines.map(([field = "", ...cells]) => {
      const marks = cells.slice(0, grants.length);
      if (!marks.every((mark) => mark === "+" || mark === "-")) throw new Error(`The line of ${field} is not readable`);
      const required = cells.slice(grants.length).join(" ");
      return [field, { opens: new Set(grants.filter((_, column) => marks[column] === "+")), required }];
    }),
  );
}
