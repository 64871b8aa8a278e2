import request, { type Response, type Test } from "supertest";
import type { GraphQLAnswer } from "./client";
import { adminKey } from "./server";

type Headers = Readonly<Record<string, string>>;

/** The console's own pages send these headers. */
export const ownHeaders: Headers = { "x-latchkey-console": "1", "sec-fetch-site": "same-origin" };

/** A browser with the console: it keeps the cookie, and sends it to the console's paths. */
export class ConsoleBrowser {
  cookie: string | undefined;

  /** @param url that of the API */
  constructor(
    private readonly url: string,
    private readonly headers: Headers = ownHeaders,
  ) {}

  static async signedIn(url: string, credential = adminKey): Promise<ConsoleBrowser> {
    const browser = new ConsoleBrowser(url);
    const { status, text } = await browser.signIn(credential);
    if (status !== 200) throw new Error(`Could not sign in: ${status} ${text}`);
    return browser;
  }

  at(path: string): string {
    return new URL(`/console/${path}`, this.url).href;
  }

  async signIn(credential: string = adminKey): Promise<Response> {
    const response = await this.with(request(this.at("session")).post("")).send({ credential });
    this.cookie = /^[^;]+/.exec(this.setCookie(response))?.[0] ?? this.cookie;
    return response;
  }

  /** The header of a response. */
  setCookie({ headers }: Response): string {
    return ([] as string[]).concat(headers["set-cookie"] ?? []).join("\n");
  }

  session(): Test {
    return this.with(request(this.at("session")).get(""));
  }

  signOut(path: "session" | "sessions" = "session"): Test {
    return this.with(request(this.at(path)).delete(""));
  }

  /** @param path also that of another answer to an operation */
  send(query: string, variables?: object, headers: Headers = {}, path = "graphql"): Test {
    return this.with(request(this.at(path)).post("").set(headers)).send({ query, variables });
  }

  /** @throws {Error} if the operation has errors */
  async data(query: string, variables?: object, headers: Headers = {}): Promise<NonNullable<GraphQLAnswer["data"]>> {
    const { body, status } = await this.send(query, variables, headers);
    const { data, errors } = body as GraphQLAnswer;
    if (errors) throw new Error(`${query} failed with ${status} ${JSON.stringify(errors)}`);
    return data;
  }

  /** Opens a stream of events. */
  stream(query: string, variables?: object, headers: Headers = {}): Promise<globalThis.Response> {
    return fetch(this.at("stream"), {
      method: "POST",
      headers: {
        ...this.headers,
        ...headers,
        ...(this.cookie !== undefined && { cookie: this.cookie }),
        accept: "text/event-stream",
        "content-type": "application/json",
      },
      body: JSON.stringify({ query, variables }),
    });
  }

  private with(test: Test): Test {
    return this.cookie === undefined ? test.set(this.headers) : test.set(this.headers).set("cookie", this.cookie);
  }
}
