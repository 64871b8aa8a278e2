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
const connectionNotFound = () => notFound("model connection");

/** A small and cheap request. OpenAI requires `maxOutputTokens` to be at least 16. */
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
    const apiKey = this.sealKey(id, input.apiKey ?? null);
    const connection: ModelConnection = { id, appId, name, provider, baseUrl, apiKey, createdAt: now, updatedAt: now };
    requireKey(connection);
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
        if (!before) throw connectionNotFound();
        const after: ModelConnection = {
          ...before,
          ...changes,
          apiKey: apiKey === undefined ? before.apiKey : this.sealKey(id, apiKey),
          updatedAt: new Date(),
        };
        requireKey(after);
        if (apiKey === undefined && before.apiKey !== null && after.baseUrl !== before.baseUrl) throw keyRequired();
        await manager.update(ModelConnection, { id }, after);
        if (after.name !== before.name) await renameInAgents(manager, before, after.name);
        return after;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  async delete(id: string): Promise<void> {
    await this.db.transaction(async (manager) => {
      const connection = await this.db.lock(manager, ModelConnection, { id });
      if (!connection) throw connectionNotFound();
      const agents = await agentsOf(manager, connection).getCount();
      if (agents > 0) {
        const users = agents === 1 ? "1 agent uses" : `${agents} agents use`;
        throw conflict(`${users} this model connection. Change their model or delete them first.`);
      }
      await manager.delete(ModelConnection, { id });
    });
  }

  async test({ id, model }: TestModelConnectionInput): Promise<TestModelConnectionPayload> {
    const connection = await this.find(id);
    if (!connection) throw connectionNotFound();
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
      // A model that used all the tokens of the test did answer.
      return outcome(error.code === "MODEL_OUTPUT_TOO_LONG" ? null : error);
    }
  }

  private sealKey(id: string, apiKey: string | null): string | null {
    return apiKey === null ? null : this.keyring.seal(apiKey, apiKeyPlace(id));
  }

  private async checkAddress(baseUrl: string): Promise<void> {
    const message =
      addressFault(baseUrl) ?? ((await this.outbound.refuses(new URL(baseUrl))) ? addressRefused : undefined);
    if (message !== undefined) throw badInput({ field: "input.baseUrl", message });
  }
}

function requireKey({ provider, apiKey }: ModelConnection): void {
  if (apiKey === null && provider !== "OPENAI_COMPATIBLE") throw badInput(keyError("must be given for this provider"));
}

const keyRequired = () =>
  badInput(keyError("must be given with a new `baseUrl`, so that the stored key is not sent to another address"));

const keyError = (message: string): FieldError => ({ field: "input.apiKey", message });

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
