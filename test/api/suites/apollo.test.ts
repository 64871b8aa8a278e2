/** @jest-environment ./test/support/apollo-suite-environment.js */
import { ApolloServer, type ApolloServerOptions, type BaseContext } from "@apollo/server";
import { type CreateServerForIntegrationTests, defineIntegrationTestSuite } from "@apollo/server-integration-testsuite";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import type { RouteHandlerMethod } from "fastify";
import * as http from "../../../src/api/http/http";
import { readConfig } from "../../../src/config";
import { adminKey, TestServer } from "../../support/server";

/** The HTTP stack takes these parts of a server, so that it can stand in front of the schemas of the suite. */
let dependencies: Parameters<typeof http.createHttp>[0];
let server: TestServer;
beforeAll(async () => {
  const createHttp = jest.spyOn(http, "createHttp");
  server = await TestServer.start();
  const [call] = createHttp.mock.calls;
  if (!call) throw new Error("The server has no HTTP stack");
  [dependencies] = call;
  createHttp.mockRestore();
});
afterAll(() => server.stop());

const createServer: CreateServerForIntegrationTests = async (config: ApolloServerOptions<BaseContext>, options) => {
  const apollo = new ApolloServer(config);
  await apollo.start();
  const context = options?.context ?? (() => Promise.resolve({}));
  const handler = fastifyApolloHandler(apollo, { context }) as RouteHandlerMethod;
  const app = http.createHttp(dependencies, apollo as never, readConfig({}).limits, undefined, handler);
  // The suite sends no credential, and asks at a path that ends in a slash.
  app.server.prependListener("request", (request) => {
    request.headersDistinct["authorization"] = [`Bearer ${adminKey}`];
    request.url = request.url?.replace(/^\/graphql\//, "/graphql");
  });
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  return { server: apollo, url: `${address}/graphql`, extraCleanup: () => app.close() };
};

// GraphQL 16 executes neither @defer nor @stream.
defineIntegrationTestSuite(createServer, { noIncrementalDelivery: true });
