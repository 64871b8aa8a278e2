import { Query, Resolver } from "type-graphql";
import { RequireAdmin, RequireAgent, RequireCredential, RequireRuntime } from "../../../src/auth/require";
import { readConfig } from "../../../src/config";
import * as container from "../../../src/container";
import { createSchema } from "../../../src/api/graphql/schema";
import { node } from "../../support/node";

const decorators = {
  RequireAdmin: RequireAdmin(),
  RequireAgent: RequireAgent("VIEW"),
  RequireRuntime: RequireRuntime("RUN"),
  RequireCredential: RequireCredential(),
};
const pairs = Object.entries(decorators).flatMap(([upperName, upper]) =>
  Object.entries(decorators).map(([lowerName, lower]) => ({ upperName, lowerName, upper, lower })),
);

test.each(pairs)(
  "$upperName above $lowerName: of two requirements none would be dropped unseen",
  ({ upper, lower }) => {
    expect(() => {
      class Twice {
        @upper
        @lower
        field(): void {
          // Never called.
        }
      }
      return Twice;
    }).toThrow(/^Twice\.field requires .+ and cannot require .+ too$/);
  },
);

test("methods of one name in two classes have a requirement each", () => {
  expect(() => {
    class One {
      @RequireAdmin()
      field(): void {
        // Never called.
      }
    }
    class Other {
      @RequireCredential()
      field(): void {
        // Never called.
      }
    }
    return [One, Other];
  }).not.toThrow();
});

test("a root field that says nothing of what it requires stops the schema from being made", () => {
  @Resolver()
  class Silent {
    @Query(() => node.String)
    secrets(): string {
      return "";
    }
  }
  const withSilent = [...container.resolverClasses, Silent] as unknown as typeof container.resolverClasses;
  const replaced = jest.replaceProperty(container, "resolverClasses", withSilent);

  const { limits } = readConfig({});
  expect(() => createSchema(limits)).toThrow("Query.secrets does not say what it requires");
  replaced.restore();
  expect(() => createSchema(limits)).not.toThrow();
});
