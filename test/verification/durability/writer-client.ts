import { createHash, randomBytes } from "node:crypto";
import type { TestCredential } from "../../support/client";
import type { Random } from "../random";
import { type Answered, type RetryingClient, Contradiction } from "./retrying-client";
import type { KnownApp, KnownKey } from "./ledger";

/** Programs that servers call. */
export interface Surroundings {
  readonly adminKey: string;
  /** Of a server that speaks the protocol of OpenAI. */
  readonly modelsUrl: string;
  readonly receiver: { readonly url: string; postingsOf(runId: string): number };
}

interface How {
  readonly by?: TestCredential;
  /** Codes by which who asks again is told that it was done the first time. */
  readonly sayingDone?: readonly string[];
}

/** What a writer does its deeds with. */
export class WriterClient {
  /** How many changes were answered with success. */
  written = 0;
  private names = 0;

  constructor(
    readonly asking: RetryingClient,
    readonly random: Random,
    readonly surroundings: Surroundings,
    /** Tells its names from those of other writers. */
    private readonly prefix: string,
  ) {}

  get admin(): TestCredential {
    return ["authorization", `Bearer ${this.surroundings.adminKey}`];
  }

  /** The key of an app that may do everything, and is not revoked. */
  key({ keys: [key] }: KnownApp): TestCredential {
    return credentialOf(key);
  }

  /** One that has not been used. */
  newName(): string {
    return `${this.prefix}-${++this.names}`;
  }

  /** Whether to do what is done so often on average. */
  happens(probability: number): boolean {
    return this.random.integer(0, 1_000) < probability * 1_000;
  }

  /**
   * Has a mutation done, whatever that takes.
   *
   * @param fields what is asked of the answer
   * @returns the answer, or undefined where only that is known
   */
  async does(mutation: string, fields: string, input: object, how: How = {}): Promise<any> {
    return (await this.settles(mutation, fields, input, how)).data?.[mutation];
  }

  /** The same, and tells whether it was sent more than once. */
  async settles(
    mutation: string,
    fields: string,
    input: object,
    { by = this.admin, sayingDone = [] }: How = {},
  ): Promise<Answered> {
    const answer = await this.asking.settle(by, operation(mutation, fields), { input });
    const wasDone = answer.isRepeated && sayingDone.includes(answer.code ?? "");
    if (!answer.data && !wasDone) throw this.refused(mutation, input, answer);
    this.written += 1;
    return answer;
  }

  /** Tries what must be refused, so that there are transactions that are taken back. */
  async isRefused(mutation: string, fields: string, input: object, code: string, by = this.admin): Promise<void> {
    const answer = await this.asking.settle(by, operation(mutation, fields), { input });
    if (answer.code === code) return;
    throw new Contradiction(`${mutation} ${JSON.stringify(input)} is to be refused with ${code}, and was not`);
  }

  /** Sends a file once. @returns undefined where nobody knows whether it was taken */
  async uploads(sessionId: string, content: string, by: TestCredential): Promise<any> {
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
      ...Object.fromEntries([by ?? []]),
    };
    const answer = await this.asking.once(by, "", {}, { headers, body });
    if (!answer) return undefined;
    if (!answer.data) throw this.refused("uploadDocument", { sessionId }, { ...answer, isRepeated: false });
    this.written += 1;
    return answer.data.uploadDocument;
  }

  /** Asks what changes nothing. */
  async reads(query: string, variables: object, by: TestCredential = this.admin): Promise<any> {
    const { data, code, message } = await this.asking.settle(by, query, variables);
    if (!data) throw new Contradiction(`${query} ${JSON.stringify(variables)} was refused: ${code} ${message}`);
    return data;
  }

  /** Of all pages of a list of an app, the first that fits. */
  async finds(list: string, fields: string, given: string, fits: (node: any) => boolean): Promise<any> {
    for (let after: string | null = null; ;) {
      const query = `query ($after: String) {
        list: ${list}(${given} first: 200, after: $after) { nodes { ${fields} } pageInfo { hasNextPage endCursor } }
      }`;
      const { list: page }: any = await this.reads(query, { after });
      const found = page.nodes.find(fits);
      if (found) return found;
      if (!page.pageInfo.hasNextPage) {
        throw new Contradiction(`${list}(${given}) has not what was told to be there already`);
      }
      after = page.pageInfo.endCursor;
    }
  }

  private refused(mutation: string, input: object, { code, message, isRepeated }: Answered): Contradiction {
    const when = isRepeated ? "when it was sent again" : "when it was sent first";
    return new Contradiction(`${mutation} ${JSON.stringify(input)} was refused ${when}: ${code} ${message}`);
  }
}

export const credentialOf = (key: KnownKey | undefined): TestCredential =>
  key?.secret === undefined ? undefined : ["x-api-key", key.secret];

/** In lower-case hexadecimal, as that of documents is told. */
export const digestOf = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

/** Every mutation has one argument, whose type is called after it. */
const operation = (mutation: string, fields: string): string =>
  `mutation ($input: ${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input!) { ${mutation}(input: $input) { ${fields} } }`;
