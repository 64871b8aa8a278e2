import request, { type Response, type Test } from "supertest";

/** Who sends: the header and the value of a credential. */
export type TestCredential = readonly [header: "authorization" | "x-api-key", value: string] | undefined;

export interface GraphQLAnswer {
  readonly data?: any;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: { readonly code: string; readonly [name: string]: unknown };
  }[];
}

/** Sends operations with one credential, its own for good: a test never becomes somebody else midway. */
export class Client {
  constructor(
    readonly url: string,
    readonly credential: TestCredential,
  ) {}

  /** The whole answer to an operation, HTTP and all. */
  async send(query: string, variables?: object, more: object = {}): Promise<Response> {
    return this.post().send({ query, variables, ...more });
  }

  post(): Test {
    const test = request(this.url).post("");
    return this.credential ? test.set(...this.credential) : test;
  }

  get(search: string): Test {
    const test = request(this.url).get(search);
    return this.credential ? test.set(...this.credential) : test;
  }

  /** The data of an operation that must succeed. */
  async data(query: string, variables?: object): Promise<NonNullable<GraphQLAnswer["data"]>> {
    const { body, status } = await this.send(query, variables);
    const { data, errors } = body as GraphQLAnswer;
    if (errors) throw new Error(`${query} was answered with ${status} ${JSON.stringify(errors)}`);
    return data;
  }

  /** The errors of an operation; none where it succeeds. */
  async errors(query: string, variables?: object): Promise<NonNullable<GraphQLAnswer["errors"]>> {
    const { body } = await this.send(query, variables);
    return (body as GraphQLAnswer).errors ?? [];
  }

  /** The first error code of an operation, or undefined where it succeeds. */
  async code(query: string, variables?: object): Promise<string | undefined> {
    const [error] = await this.errors(query, variables);
    return error?.extensions.code;
  }

  /** Uploads by the GraphQL multipart request specification. */
  async upload(sessionId: string, content: Buffer | string, filename = "document.txt"): Promise<Response> {
    const query = `mutation ($input: UploadDocumentInput!) {
      uploadDocument(input: $input) { document { id filename mimeType size sha256 status error createdAt } }
    }`;
    return this.post()
      .set("apollo-require-preflight", "1")
      .field("operations", JSON.stringify({ query, variables: { input: { sessionId, file: null } } }))
      .field("map", JSON.stringify({ file: ["variables.input.file"] }))
      .attach("file", Buffer.from(content), { filename });
  }
}
