import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { IdInput } from "../../schema-types/inputs";
import { countedConnectionOf } from "../../schema-types/pages";
import { list, name, text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { AppToolServer } from "./tool-server.entity";

const maxHeaders = 20;
/** Of all headers together, names and values. */
const maxHeaderChars = 16_000;

/** Headers that the transport sets itself, or that change how a request is read. */
const reservedHeaders: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "last-event-id",
  "mcp-protocol-version",
  "mcp-session-id",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const descriptions = {
  name: "1 to 64 letters, digits, hyphens, underscores and dots. CONFLICT if another tool server of the app has this name.",
  url: "Such as `https://example.com/mcp`, up to 2,000 characters; without user name, password, query and fragment. Addresses outside the public network are refused unless the operator allows them.",
  headers: `Sent with each request to this server, and to no other address: up to ${maxHeaders}, with up to ${maxHeaderChars.toLocaleString("en")} characters together. Their values are stored encrypted and can't be read back.`,
};

const rules = {
  name: name(64).refine(
    (value) => /^[\w.-]+$/.test(value),
    "must have letters, digits, hyphens, underscores and dots only",
  ),
  url: text(2_000),
  headers: list("headers", maxHeaders)
    .refine((headers) => new Set(headers.map(nameOf)).size === headers.length, "must name each header once")
    .refine((headers) => JSON.stringify(headers).length <= maxHeaderChars, {
      error: `must have at most ${maxHeaderChars.toLocaleString("en")} characters together`,
      abort: true,
    }),
};

const nameOf = (header: unknown): string => String((header as { name?: unknown }).name).toLowerCase();

@InputType()
export class ToolServerHeaderInput {
  @Field({ description: "Such as `authorization`; up to 100 characters." })
  @Rule(
    text(100, 1)
      .refine((value) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value), {
        error: "must be the name of an HTTP header",
        abort: true,
      })
      .refine((value) => !reservedHeaders.has(value.toLowerCase()), "must not be a header that the server sets itself"),
  )
  name!: string;

  @Field({ description: "1 to 4,000 printable ASCII characters, without spaces around them." })
  @Rule(
    text(4_000, 1).refine(
      (value) => /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value),
      "must have printable ASCII characters only, and no spaces around them",
    ),
  )
  value!: string;
}

@InputType()
export class CreateToolServerInput {
  @Field(() => ID)
  appId!: string;

  @Field({ description: descriptions.name })
  @Rule(rules.name)
  name!: string;

  @Field({ description: descriptions.url })
  @Rule(rules.url)
  url!: string;

  @Field(() => [ToolServerHeaderInput], { nullable: true, defaultValue: [], description: descriptions.headers })
  @Rule(rules.headers)
  headers!: ToolServerHeaderInput[];
}

@InputType({ description: "A field that is left out stays as it is." })
export class UpdateToolServerInput extends IdInput {
  @Field(() => String, { nullable: true, description: `${descriptions.name} Agents keep the server.` })
  @Rule(rules.name.optional())
  name?: string;

  @Field(() => String, {
    nullable: true,
    description: `${descriptions.url} If the server has headers, a new address needs \`headers\` too, so that stored values are never sent to another address.`,
  })
  @Rule(rules.url.optional())
  url?: string;

  @Field(() => [ToolServerHeaderInput], {
    nullable: true,
    description: `Replaces all headers of the server. ${descriptions.headers}`,
  })
  @Rule(rules.headers.optional())
  headers?: ToolServerHeaderInput[];
}

@InputType()
export class DeleteToolServerInput extends IdInput {}

@InputType()
export class TestToolServerInput extends IdInput {}

export const ToolServerConnection = countedConnectionOf(AppToolServer, "ToolServerConnection");

@ObjectType()
export class ToolServerPayload {
  @Field(() => AppToolServer)
  readonly toolServer!: AppToolServer;
}

@ObjectType({ description: "A tool that a tool server offers." })
export class ToolServerTool {
  @Field()
  readonly name!: string;

  @Field(() => String, { nullable: true, description: "Its first 2,000 characters." })
  readonly description!: string | null;
}

@ObjectType({ description: "Why a tool server can't be used, as in the `error` of a run." })
export class ToolServerError {
  @Field()
  readonly code!: string;

  @Field()
  readonly message!: string;
}

@ObjectType()
export class TestToolServerPayload {
  @Field({ description: "Whether the server told its tools." })
  readonly ok!: boolean;

  @Field(() => Int, { description: "The time until the server told its tools or failed, in milliseconds." })
  readonly latencyMs!: number;

  @Field(() => [ToolServerTool], { description: "The first 1,000 tools of the server; empty if it failed." })
  readonly tools!: ToolServerTool[];

  @Field(() => ToolServerError, { nullable: true, description: "Null if the server told its tools." })
  readonly error!: ToolServerError | null;
}
