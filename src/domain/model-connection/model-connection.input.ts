import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { z } from "zod";
import { modelNameFault } from "../../model/catalog";
import { ModelProvider } from "../../model/model-provider";
import { IdInput } from "../../schema-types/inputs";
import { countedConnectionOf } from "../../schema-types/pages";
import { name, text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { ModelConnection } from "./model-connection.entity";

const nameDescription =
  "1 to 64 characters without slashes, colons and spaces; white space around it is removed. CONFLICT if another connection of the app has this name.";
const keyDescription = "The API key of the provider. It is stored encrypted and can't be read back.";
const privateAddresses = "Addresses outside the public network are refused unless the operator allows them.";

/** A name that can precede the slash in `<connection>/<model>`. */
const connectionName = name(64).refine((value) => /^[^/:\s]*$/.test(value), "must have no slashes, colons and spaces");

const baseUrl = text(2_000);

/** It is sent in a header as it is. */
const providerKey = z.string().regex(/^[\x21-\x7e]{1,2000}$/, {
  error: "must have 1 to 2,000 printable ASCII characters without spaces",
});

@InputType()
export class CreateModelConnectionInput {
  @Field(() => ID)
  appId!: string;

  @Field({ description: nameDescription })
  @Rule(connectionName)
  name!: string;

  @Field(() => ModelProvider)
  provider!: ModelProvider;

  @Field(() => String, {
    nullable: true,
    description: `The address of the provider's API, such as \`http://ollama:11434/v1\`. Required for OPENAI_COMPATIBLE; the other providers have a default. ${privateAddresses}`,
  })
  @Rule(baseUrl.nullish())
  baseUrl?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `${keyDescription} Required unless the provider is OPENAI_COMPATIBLE.`,
  })
  @Rule(providerKey.nullish())
  apiKey?: string | null;
}

@InputType({ description: "A field that is left out stays as it is." })
export class UpdateModelConnectionInput extends IdInput {
  @Field(() => String, {
    nullable: true,
    description: `${nameDescription} The agents that use the connection are updated.`,
  })
  @Rule(connectionName.optional())
  name?: string;

  @Field(() => String, {
    nullable: true,
    description: `If the connection has a key, a new address needs \`apiKey\` too, so that the stored key is never sent to another address. ${privateAddresses}`,
  })
  @Rule(baseUrl.optional())
  baseUrl?: string;

  @Field(() => String, { nullable: true, description: `${keyDescription} Null removes it.` })
  @Rule(providerKey.nullish())
  apiKey?: string | null;
}

@InputType()
export class DeleteModelConnectionInput extends IdInput {}

@InputType()
export class TestModelConnectionInput extends IdInput {
  @Field({ description: "The name of the model at the provider, without the name of the connection." })
  @Rule(
    text(190).check(({ value, issues }) => {
      const message = modelNameFault(value);
      if (message !== undefined) issues.push({ code: "custom", message, input: value });
    }),
  )
  model!: string;
}

export const ModelConnectionConnection = countedConnectionOf(ModelConnection, "ModelConnectionConnection");

@ObjectType()
export class ModelConnectionPayload {
  @Field(() => ModelConnection)
  readonly modelConnection!: ModelConnection;
}

@ObjectType("ModelError", { description: "Why a model did not answer, as in the `error` of a run." })
export class ModelConnectionError {
  @Field()
  readonly code!: string;

  @Field()
  readonly message!: string;
}

@ObjectType()
export class TestModelConnectionPayload {
  @Field({ description: "Whether the model answered." })
  readonly ok!: boolean;

  @Field(() => Int, { description: "The time until the model answered or failed, in milliseconds." })
  readonly latencyMs!: number;

  @Field(() => ModelConnectionError, { nullable: true, description: "Null if the model answered." })
  readonly error!: ModelConnectionError | null;
}
