/** A refusal or a failure that the server answered with. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly status: number;
  /** Names the request in the server's log. */
  readonly requestId: string | null;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(
    message: string,
    details: {
      code: string;
      status: number;
      requestId: string | null;
      extensions?: Readonly<Record<string, unknown>> | undefined;
    },
  ) {
    super(message);
    this.code = details.code;
    this.status = details.status;
    this.requestId = details.requestId;
    this.extensions = details.extensions ?? {};
  }
}

/** The server could not be reached, so it is unknown whether it has done what was asked. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  constructor() {
    super("The server can't be reached. What you have typed stays here; try again once the connection is back.");
  }
}

export const hasCode = (error: unknown, code: string): error is ApiError =>
  error instanceof ApiError && error.code === code;

/** The server's message about each faulty field of an input, by the last name in its path. */
export function fieldErrors(error: unknown): Readonly<Record<string, string>> {
  const fields = error instanceof ApiError ? error.extensions["fields"] : undefined;
  if (!Array.isArray(fields)) return {};
  const found: Record<string, string> = {};
  for (const { field, message } of fields as { field: string; message: string }[]) {
    const name = field
      .split(".")
      .filter((part) => !/^\d+$/.test(part))
      .at(-1);
    if (name) found[name] ??= message;
  }
  return found;
}

/** The fault of a name: the server's message about it, or that another object has it. */
export const nameFaultOf = (error: unknown): string | undefined =>
  fieldErrors(error)["name"] ?? (hasCode(error, "CONFLICT") ? error.message : undefined);
