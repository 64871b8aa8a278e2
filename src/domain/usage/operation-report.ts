import type { DocumentNode, GraphQLError, OperationDefinitionNode } from "graphql";
import { type Caller, identityOf } from "../../auth/caller";
import { WorkSpan } from "../../platform/tracing/work-span";

export type Transport = "http" | "sse" | "websocket" | "download";

/** The outcome of a request: it was executed, or the reason why it was not. */
export const verdicts = ["ALLOWED", "UNAUTHENTICATED", "FORBIDDEN", "INVALID", "LIMITED", "FAILED"] as const;
export type Verdict = (typeof verdicts)[number];

/** The verdict on a request that was refused for an error; INVALID if the code is none of these. */
const verdictOf: Readonly<Record<string, Verdict>> = {
  UNAUTHENTICATED: "UNAUTHENTICATED",
  FORBIDDEN: "FORBIDDEN",
  RATE_LIMITED: "LIMITED",
  LIMIT_REACHED: "LIMITED",
  UNAVAILABLE: "FAILED",
  INTERNAL_SERVER_ERROR: "FAILED",
};

/** The operation of a document that a request executes. */
export interface ReportedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** Collects what becomes of one request, or of one operation of a stream, for the log, the metrics and the usage. */
export class OperationReport {
  caller: Caller | undefined;
  operation: ReportedOperation | undefined;
  /** The number of SQL statements that were sent for it so far. */
  statements = 0;
  verdict: Verdict | undefined;
  /** Of the client, once its credential is known. */
  address: string | null = null;
  /** The permissions that were lacking. */
  required: readonly string[] = [];
  /** Of the first error. */
  code: string | undefined;
  /** In which it is executed. */
  span = WorkSpan.none;
  /** In milliseconds of a monotonic clock. */
  readonly startedAt = performance.now();

  constructor(
    readonly requestId: string,
    readonly transport: Transport,
  ) {}

  get durationMs(): number {
    return performance.now() - this.startedAt;
  }

  /** The id of the caller's key, or of the administrator; undefined without a valid credential. */
  get callerId(): string | undefined {
    return this.caller && identityOf(this.caller);
  }

  /** The operation begins to execute. */
  allow(): void {
    this.verdict = "ALLOWED";
  }

  /** The request is not executed, or has lost its rights while it was. */
  refuse(errors: readonly Pick<GraphQLError, "extensions">[]): void {
    this.code = codeOf(errors) ?? "BAD_USER_INPUT";
    this.verdict = verdictOf[this.code] ?? "INVALID";
    this.required = errors.flatMap(({ extensions: { required } }) => (typeof required === "string" ? [required] : []));
  }

  /** The operation was executed, and its result has these errors. */
  fail(errors: readonly Pick<GraphQLError, "extensions">[]): void {
    this.code ??= codeOf(errors) ?? "INTERNAL_SERVER_ERROR";
  }
}

const maxNameChars = 64;
/** Clients may put a credential, or a long random text such as the signature of a link, into a name by mistake. */
const secretLike = /latchkey(?:adm)?_|whsec_|^(?=.*\d).{40}/i;

/** The name of an operation, for people; undefined if it looks like a secret. */
export function safeNameOf({ name }: OperationDefinitionNode): string | undefined {
  return name && !secretLike.test(name.value) ? name.value.slice(0, maxNameChars) : undefined;
}

function codeOf([error]: readonly Pick<GraphQLError, "extensions">[]): string | undefined {
  const code: unknown = error?.extensions["code"];
  return typeof code === "string" ? code : undefined;
}
