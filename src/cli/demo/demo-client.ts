/** The response to an operation, as far as the demo reads it. */
export interface Answer {
  readonly status: number;
  readonly data?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[];
}

/** Sends operations with one credential, like any other client. */
export class DemoClient {
  constructor(
    private readonly url: string,
    private readonly credential: Readonly<Record<string, string>>,
  ) {}

  withKey(secret: string): DemoClient {
    return new DemoClient(this.url, { "x-api-key": secret });
  }

  send(query: string, input?: object): Promise<Answer> {
    const body = JSON.stringify({ query, ...(input && { variables: { input } }) });
    return this.post(body, { "content-type": "application/json" });
  }

  /** Uploads a file as `input.file`, according to the GraphQL multipart request specification. */
  upload(query: string, input: object, filename: string, content: Buffer): Promise<Answer> {
    const form = new FormData();
    form.set("operations", JSON.stringify({ query, variables: { input: { ...input, file: null } } }));
    form.set("map", JSON.stringify({ file: ["variables.input.file"] }));
    form.set("file", new Blob([content]), filename);
    return this.post(form);
  }

  private async post(body: string | FormData, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const response = await fetch(this.url, { method: "POST", headers: { ...headers, ...this.credential }, body });
    return { ...((await response.json()) as Omit<Answer, "status">), status: response.status };
  }
}
