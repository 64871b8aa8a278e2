import { consoleHeader, type Operation, type RequestOptions } from "./client";
import { ApiError, ConnectionError } from "./errors";
import { consoleUrl } from "./place";

interface UploadAnswer<Result> {
  readonly data?: Result | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

/**
 * Uploads a file by the GraphQL multipart request specification, and tells its progress, which fetch can't.
 *
 * @param onProgress gets the part that was sent, 0 to 1
 */
export function upload<Result>(
  operation: Operation<Result, { input: { file: File; sessionId: string } }>,
  input: { readonly file: File; readonly sessionId: string },
  onProgress: (part: number) => void,
  { asScope }: RequestOptions = {},
): Promise<Result> {
  const query = (operation as { toString(): string }).toString();
  const form = new FormData();
  form.set("operations", JSON.stringify({ query, variables: { input: { sessionId: input.sessionId, file: null } } }));
  form.set("map", JSON.stringify({ file: ["variables.input.file"] }));
  form.set("file", input.file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", new URL("graphql", consoleUrl));
    for (const [name, value] of Object.entries(consoleHeader)) request.setRequestHeader(name, value);
    request.setRequestHeader("apollo-require-preflight", "1");
    request.setRequestHeader("accept", "application/json");
    if (asScope) request.setRequestHeader("x-latchkey-scope", asScope);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onerror = () => reject(new ConnectionError());
    request.onload = () => {
      let answer: UploadAnswer<Result> = {};
      try {
        answer = JSON.parse(request.responseText) as UploadAnswer<Result>;
      } catch {
        // Not the server's own answer.
      }
      if (answer.data && !answer.errors?.length) {
        resolve(answer.data);
        return;
      }
      const first = answer.errors?.[0];
      const code = first?.extensions?.["code"];
      reject(
        new ApiError(first?.message ?? `The server answered with status ${String(request.status)}.`, {
          code: typeof code === "string" ? code : "INTERNAL_SERVER_ERROR",
          status: request.status,
          requestId: request.getResponseHeader("x-request-id"),
          extensions: first?.extensions,
        }),
      );
    };
    request.send(form);
  });
}
