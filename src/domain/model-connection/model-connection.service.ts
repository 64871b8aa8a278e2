import type { EntityManager, SelectQueryBuilder } from "typeorm";
import { Agent } from "../agent/agent.entity";
import { type AppService, assertAppExists } from "../app/app.service";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { type Page, pageOf } from "../../platform/database/page-loader";
import { type PageArgs } from "../../schema-types/pages";
import { badInput, conflict, type FieldError, notFound } from "../../errors";
import { ModelError, type ModelRequest } from "../../model/model";
import { defaultBaseUrls } from "../../model/model-provider";
import type { Outbound } from "../../platform/outbound/outbound";
import { addressFault, addressRefused } from "../../platform/outbound/url-validation";
import type { Keyring } from "../../platform/secrets/keyring";
import { apiKeyPlace, ModelConnection } from "./model-connection.entity";
import type {
  CreateModelConnectionInput,
  TestModelConnectionInput,
  TestModelConnectionPayload,
  UpdateModelConnectionInput,
} from "./model-connection.input";
import type { ProviderModels } from "./provider-models";

const nameTaken = () => conflict("Another model connection of this app has this name. Choose another one.");
const unknown = () => notFound("model connection");

/** One small call, which costs next to nothing. OpenAI takes no less than 16 tokens. */
const testRequest: Omit<ModelRequest, "signal"> = {
  instructions: "",
  text: "Answer with the word OK.",
  earlier: [],
  documents: [],
  withIndexes: (search) => search(new Map()),
  tools: [],
  settings: { temperature: null, maxOutputTokens: 16, timeoutSeconds: 30 },
};

export class ModelConnectionService {
  private readonly byId = loaderById(this.db.read, ModelConnection);

  constructor(
    private readonly db: Database,
    private readonly appService: AppService,
    private readonly keyring: Keyring,
    private readonly outbound: Outbound,
    private readonly models: ProviderModels,
  ) {}

  async list(appId: string, page: PageArgs): Promise<Page<ModelConnection>> {
    await this.appService.get(appId);
    return pageOf(this.db.read, ModelConnection, { appId }, page, "ASC");
  }

  find(id: string): Promise<ModelConnection | null> {
    return this.byId.load(id);
  }

  async create({ appId, name, provider, ...input }: CreateModelConnectionInput): Promise<ModelConnection> {
    const baseUrl = input.baseUrl ?? defaultBaseUrls[provider];
    if (baseUrl === undefined) throw badInput({ field: "input.baseUrl", message: "must be given for this provider" });
    await this.checkAddress(baseUrl);

    const id = newId();
    const now = new Date();
    const apiKey = this.sealed(id, input.apiKey ?? null);
    const connection: ModelConnection = { id, appId, name, provider, baseUrl, apiKey, createdAt: now, updatedAt: now };
    checkKey(connection);
    await this.db
      .transaction(async (manager) => {
        await manager.insert(ModelConnection, connection);
        await assertAppExists(manager, appId);
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken, orphan: () => notFound("app") }));
    return connection;
  }

  async update({ id, apiKey, ...changes }: UpdateModelConnectionInput): Promise<ModelConnection> {
    if (changes.baseUrl !== undefined) await this.checkAddress(changes.baseUrl);
    return this.db
      .transaction(async (manager) => {
        const before = await this.db.lock(manager, ModelConnection, { id });
        if (!before) throw unknown();
        const after: ModelConnection = {
          ...before,
          ...changes,
          apiKey: apiKey === undefined ? before.apiKey : this.sealed(id, apiKey),
          updatedAt: new Date(),
        };
        checkKey(after);
        if (apiKey === undefined && before.apiKey !== null && after.baseUrl !== before.baseUrl) throw keyNeeded();
        await manager.update(ModelConnection, { id }, after);
        if (after.name !== before.name) await renameInAgents(manager, before, after.name);
        return after;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  async delete(id: string): Promise<void> {
    await this.db.transaction(async (manager) => {
      const connection = await this.db.lock(manager, ModelConnection, { id });
      if (!connection) throw unknown();
      const agents = await agentsOf(manager, connection).getCount();
      if (agents > 0) {
        const who = agents === 1 ? "1 agent uses" : `${agents} agents use`;
        throw conflict(`${who} this model connection. Give them another model, or delete them, first.`);
      }
      await manager.delete(ModelConnection, { id });
    });
  }

  /** Makes one small call, and says what came of it. */
  async test({ id, model }: TestModelConnectionInput): Promise<TestModelConnectionPayload> {
    const connection = await this.find(id);
    if (!connection) throw unknown();
    const start = performance.now();
    const outcome = (error: ModelError | null) => ({
      ok: error === null,
      latencyMs: Math.round(performance.now() - start),
      error: error && { code: error.code, message: error.message },
    });
    try {
      const { signal } = new AbortController();
      const tested = await this.models.modelOf(connection, model, 1);
      for await (const _ of tested.answer({ ...testRequest, signal }));
      return outcome(null);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      // A model that thinks for longer than the test lets it has answered all the same.
      return outcome(error.code === "MODEL_OUTPUT_TOO_LONG" ? null : error);
    }
  }

  private sealed(id: string, apiKey: string | null): string | null {
    return apiKey === null ? null : this.keyring.seal(apiKey, apiKeyPlace(id));
  }

  private async checkAddress(baseUrl: string): Promise<void> {
    const message =
      addressFault(baseUrl) ?? ((await this.outbound.refuses(new URL(baseUrl))) ? addressRefused : undefined);
    if (message !== undefined) throw badInput({ field: "input.baseUrl", message });
  }
}

function checkKey({ provider, apiKey }: ModelConnection): void {
  if (apiKey === null && provider !== "OPENAI_COMPATIBLE") throw badInput(keyFault("must be given for this provider"));
}

const keyNeeded = () =>
  badInput(keyFault("must be given anew with another `baseUrl`, so that the one that is kept isn't sent there"));

const keyFault = (message: string): FieldError => ({ field: "input.apiKey", message });

/** The agents that use a connection. */
function agentsOf(manager: EntityManager, { appId, name }: ModelConnection): SelectQueryBuilder<Agent> {
  const prefix = `${name}/`;
  return manager
    .createQueryBuilder(Agent, "agent")
    .where("agent.appId = :appId AND SUBSTR(agent.model, 1, :length) = :prefix", {
      appId,
      prefix,
      length: [...prefix].length,
    });
}

async function renameInAgents(manager: EntityManager, before: ModelConnection, name: string): Promise<void> {
  for (const { id, model, version } of await agentsOf(manager, before).getMany()) {
    const change = { model: name + model.slice(before.name.length), version: version + 1, updatedAt: new Date() };
    await manager.update(Agent, { id }, change);
  }
}
