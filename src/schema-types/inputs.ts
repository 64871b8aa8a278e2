import { Field, ID, InputType, Int } from "type-graphql";
import { integerBetween, name, text } from "./rules";
import { Rule } from "./validation";

const nameDescription = "1 to 120 characters; white space around it is removed. CONFLICT if the name is taken.";
const descriptionDescription = "Up to 2,000 characters.";
const description = text(2_000);

/** The input of a mutation that needs only the id of an object. */
@InputType()
export abstract class IdInput {
  @Field(() => ID)
  id!: string;
}

/** Base of the inputs that create an object with a name and a description. */
@InputType()
export abstract class CreateNamedInput {
  @Field({ description: nameDescription })
  @Rule(name())
  name!: string;

  @Field(() => String, { nullable: true, defaultValue: "", description: descriptionDescription })
  @Rule(description)
  description!: string;
}

/** The same for the inputs that update such an object. */
@InputType()
export abstract class UpdateNamedInput extends IdInput {
  @Field(() => String, { nullable: true, description: nameDescription })
  @Rule(name().optional())
  name?: string;

  @Field(() => String, { nullable: true, description: descriptionDescription })
  @Rule(description.optional())
  description?: string;
}

/** The same for an object with a version, which each update raises. */
@InputType()
export abstract class UpdateVersionedInput extends UpdateNamedInput {
  @Field(() => Int, {
    nullable: true,
    description: "The `version` that the update is based on. CONFLICT if the object has another version now.",
  })
  @Rule(integerBetween(1, 2_147_483_647).optional())
  expectedVersion?: number;
}
