import { createHash, randomBytes } from "node:crypto";
import type { TestCredential } from "../../support/client";
import type { Random } from "../random";
import { type DefiniteResponse, type RetryingClient, ContradictionError } from "./retrying-client";
import type { KnownApp, KnownKey } from "./ledger";

/** The external services that the servers call, and the key to administer the servers. */
export interface Services {
  readonly adminKey: string;
  /** The base URL of a server that is compatible with OpenAI. */
  readonly modelsUrl: string;
  readonly receiver: { readonly url: string; countOf(runId: string): number };
}

interface MutationOptions {
  readonly credential?: TestCredential;
  /** The codes that a retry is refused with if an earlier attempt succeeded. */
  readonly alreadyDone?: readonly string[];
}

/** Sends the operations of one writer. */
export class WriterClient {
  /** The number of acknowledged writes. */
  written = 0;
  private names = 0;

  constructor(
    readonly http: RetryingClient,
    readonly random: Random,
    readonly services: Services,
    /** Keeps the names of this writer apart from those of other writers. */
    private readonly prefix: string,
  ) {}

  get admin(): TestCredential {
    return ["authorization", `Bearer ${this.services.adminKey}`];
  }

  /** The credential of an app's first key, which is never revoked and has every permission. */
  credentialOf({ keys: [key] }: KnownApp): TestCredential {
    return credentialOf(key);
  }

  /** A unique name. */
  newName(): string {
    return `${this.prefix}-${++this.names}`;
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.random.integer(0, 1_000) < probability * 1_000;
  }

  /**
   * Makes a write, and retries it until its outcome is definite.
   *
   * @param fields the selection of the payload
   * @returns the payload, or undefined if the write is known to be done but its response was lost
   * @throws {ContradictionError} if the write is refused
   */
  async mutate(mutation: string, fields: string, input: object, options: MutationOptions = {}): Promise<any> {
    return (await this.mutateWithStatus(mutation, fields, input, options)).data?.[mutation];
  }

  /** Like `mutate`, with the whole response. */
  async mutateWithStatus(
    mutation: string,
    fields: string,
    input: object,
    { credential = this.admin, alreadyDone = [] }: MutationOptions = {},
  ): Promise<DefiniteResponse> {
    const response = await this.http.send(credential, operation(mutation, fields), { input });
    const wasDone = response.wasRetried && alreadyDone.includes(response.code ?? "");
    if (!response.data && !wasDone) throw this.refused(mutation, input, response);
    this.written += 1;
    return response;
  }

  /** Sends a mutation that must be refused, so that transactions are rolled back as well. */
  async expectRefused(
    mutation: string,
    fields: string,
    input: object,
    code: string,
    credential = this.admin,
  ): Promise<void> {
    const response = await this.http.send(credential, operation(mutation, fields), { input });
    if (response.code === code) return;
    throw new ContradictionError(`${mutation} ${JSON.stringify(input)} must be refused with ${code}, and was not`);
  }

  /** Uploads a document, without a retry. @returns undefined if the outcome is indeterminate */
  async uploadOnce(sessionId: string, content: string, credential: TestCredential): Promise<any> {
    const query = operation("uploadDocument", "document { id sha256 }");
    const operations = { query, variables: { input: { sessionId, file: null } } };
    const boundary = randomBytes(12).toString("hex");
    const part = (disposition: string, text: string) =>
      `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n\r\n${text}\r\n`;
    const body = [
      part(`name="operations"`, JSON.stringify(operations)),
      part(`name="map"`, JSON.stringify({ file: ["variables.input.file"] })),
      part(`name="file"; filename="barn.txt"`, content),
      `--${boundary}--\r\n`,
    ].join("");
    const headers = {
      "content-type": `multipart/form-data; boundary=${boundary}`,
      "apollo-require-preflight": "1",
      ...Object.fromEntries([credential ?? []]),
    };
    const response = await this.http.sendOnce(credential, "", {}, { headers, body });
    if (!response) return undefined;
    if (!response.data) throw this.refused("uploadDocument", { sessionId }, { ...response, wasRetried: false });
    this.written += 1;
    return response.data.uploadDocument;
  }

  /** @throws {ContradictionError} if the query is refused */
  async query(query: string, variables: object, credential: TestCredential = this.admin): Promise<any> {
    const { data, code, message } = await this.http.send(credential, query, variables);
    if (!data) throw new ContradictionError(`${query} ${JSON.stringify(variables)} was refused: ${code} ${message}`);
    return data;
  }

  /**
   * Searches all pages of a connection for the first node that matches.
   *
   * @throws {ContradictionError} if no node matches
   */
  async find(list: string, fields: string, args: string, matches: (node: any) => boolean): Promise<any> {
    for (let after: string | null = null; ;) {
      const query = `query ($after: String) {
        list: ${list}(${args} first: 200, after: $after) { nodes { ${fields} } pageInfo { hasNextPage endCursor } }
      }`;
      const { list: page }: any = await this.query(query, { after });
      const found = page.nodes.find(matches);
      if (found) return found;
      if (!page.pageInfo.hasNextPage) {
        throw new ContradictionError(`${list}(${args}) lacks an object that a retry reported as already created`);
      }
      after = page.pageInfo.endCursor;
    }
  }

  private refused(
    mutation: string,
    input: object,
    { code, message, wasRetried }: DefiniteResponse,
  ): ContradictionError {
    const attempt = wasRetried ? "a retry" : "the first attempt";
    return new ContradictionError(`${attempt} of ${mutation} ${JSON.stringify(input)} was refused: ${code} ${message}`);
  }
}

export const credentialOf = (key: KnownKey | undefined): TestCredential =>
  key?.secret === undefined ? undefined : ["x-api-key", key.secret];

/** In lower-case hexadecimal, like `Document.sha256`. */
export const sha256Of = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

/** Every mutation has one argument, whose type is named after the mutation. */
const operation = (mutation: string, fields: string): string =>
  `mutation ($input: ${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input!) { ${mutation}(input: $input) { ${fields} } }`;
