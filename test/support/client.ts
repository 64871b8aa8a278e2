import request, { type Response, type Test } from "supertest";

/** The header of a credential and its value. */
export type TestCredential = readonly [header: "authorization" | "x-api-key", value: string] | undefined;

export interface GraphQLAnswer {
  readonly data?: any;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: { readonly code: string; readonly [name: string]: unknown };
  }[];
}

/** Sends operations with one credential, which never changes. */
export class Client {
  constructor(
    readonly url: string,
    readonly credential: TestCredential,
  ) {}

  /** @returns the HTTP response */
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

  /** @throws {Error} if the operation has errors */
  async data(query: string, variables?: object): Promise<NonNullable<GraphQLAnswer["data"]>> {
    const { body, status } = await this.send(query, variables);
    const { data, errors } = body as GraphQLAnswer;
    if (errors) throw new Error(`${query} failed with ${status} ${JSON.stringify(errors)}`);
    return data;
  }

  /** @returns an empty list if the operation succeeds */
  async errors(query: string, variables?: object): Promise<NonNullable<GraphQLAnswer["errors"]>> {
    const { body } = await this.send(query, variables);
    return (body as GraphQLAnswer).errors ?? [];
  }

  /** @returns the code of the first error, or undefined if the operation succeeds */
  async code(query: string, variables?: object): Promise<string | undefined> {
    const [error] = await this.errors(query, variables);
    return error?.extensions.code;
  }

  /** Uploads as the GraphQL multipart request specification describes. */
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
