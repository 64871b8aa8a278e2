import { Matches, MaxLength } from "class-validator";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { countedConnectionOf } from "../../schema-types/pages";
import { modelNameShape } from "../../model/catalog";
import { ModelProvider } from "../../model/model-provider";
import { Optional, Name, Required, Nullable, Text } from "../../schema-types/validation";
import { ModelConnection } from "./model-connection.entity";

const nameDescription = "Unique within the app. 1 to 64 characters without slashes, colons and spaces, trimmed.";
const keyDescription = "The provider's key. It is kept encrypted, and can't be read back.";

/** A name that can stand in front of the slash of `<connection>/<model>`. */
const ConnectionName = (): PropertyDecorator => (target, property) => {
  Name()(target, property);
  MaxLength(64, { message: "must have at most 64 characters" })(target, property);
  Matches(/^[^/:\s]*$/, { message: "must have no slashes, colons and spaces" })(target, property);
};

/** A text that is sent in a header as it is. */
const ProviderKey = (): PropertyDecorator =>
  Matches(/^[\x21-\x7e]{1,2000}$/, { message: "must have 1 to 2,000 printable ASCII characters without spaces" });

@InputType()
export class CreateModelConnectionInput {
  @Field(() => ID)
  appId!: string;

  @Field({ description: nameDescription })
  @ConnectionName()
  name!: string;

  @Field(() => ModelProvider)
  provider!: ModelProvider;

  @Field(() => String, {
    nullable: true,
    description:
      "Where the API begins, such as `http://ollama:11434/v1`. May be left out where the provider is in one place. Addresses that are not of the public network are refused unless the operator allows them.",
  })
  @Nullable()
  @Text(2_000)
  baseUrl?: string | null;

  @Field(() => String, { nullable: true, description: `${keyDescription} Only OPENAI_COMPATIBLE does without.` })
  @Nullable()
  @ProviderKey()
  apiKey?: string | null;
}

@InputType({ description: "What is left out stays as it is." })
export class UpdateModelConnectionInput {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true, description: `${nameDescription} The agents that use it follow.` })
  @Optional()
  @Required()
  @ConnectionName()
  name?: string;

  @Field(() => String, {
    nullable: true,
    description:
      "Where there is a key, it must be given anew with this, so that none is sent to where it doesn't belong.",
  })
  @Optional()
  @Required()
  @Text(2_000)
  baseUrl?: string;

  @Field(() => String, { nullable: true, description: `${keyDescription} With null it is removed.` })
  @Nullable()
  @ProviderKey()
  apiKey?: string | null;
}

@InputType()
export class DeleteModelConnectionInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class TestModelConnectionInput {
  @Field(() => ID)
  id!: string;

  @Field({ description: "The model's name, without the connection's." })
  @Text(190)
  @Matches(modelNameShape, { message: "must be the name of a model" })
  model!: string;
}

export const ModelConnectionConnection = countedConnectionOf(ModelConnection, "ModelConnectionConnection");

@ObjectType()
export class ModelConnectionPayload {
  @Field(() => ModelConnection)
  readonly modelConnection!: ModelConnection;
}

@ObjectType("ModelError", { description: "Why a model did not answer, as it would stand in a run's `error`." })
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

  @Field(() => Int, { description: "How long it took to answer or to fail, in milliseconds." })
  readonly latencyMs!: number;

  @Field(() => ModelConnectionError, { nullable: true })
  readonly error!: ModelConnectionError | null;
}
