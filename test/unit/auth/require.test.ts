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
  "$upperName above $lowerName throws, since one of two requirements would be silently dropped",
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

test("methods of the same name in two classes have separate requirements", () => {
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

test("a root field without a requirement makes the creation of the schema fail", () => {
  @Resolver()
  class Unguarded {
    @Query(() => node.String)
    secrets(): string {
      return "";
    }
  }
  const withUnguarded = [...container.resolverClasses, Unguarded] as unknown as typeof container.resolverClasses;
  const replaced = jest.replaceProperty(container, "resolverClasses", withUnguarded);

  const { limits } = readConfig({});
  expect(() => createSchema(limits)).toThrow("Query.secrets declares no requirement");
  replaced.restore();
  expect(() => createSchema(limits)).not.toThrow();
});
