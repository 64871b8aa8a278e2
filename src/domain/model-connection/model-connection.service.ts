import type { EntityManager, SelectQueryBuilder } from "typeorm";
import { auditedSecret } from "../audit/audited-fields";
import { Agent } from "../agent/agent.entity";
import { auditedUpdate as auditedAgentUpdate } from "../agent/audited-agent";
import { type AppService, assertAppExists } from "../app/app.service";
import type { AuditTrail } from "../audit/audit-trail";
import { type Caller, canReach } from "../../auth/caller";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { pageOf } from "../../platform/database/page-loader";
import type { Page } from "../../platform/database/pages";
import { type PageArgs } from "../../schema-types/pages";
import { badInput, conflict, type FieldError, nameConflict, notFound } from "../../errors";
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

const nameTaken = () => nameConflict("Another model connection of this app has this name. Choose another one.");
const connectionNotFound = () => notFound("model connection");

/** A small and cheap request. OpenAI requires `maxOutputTokens` to be at least 16. */
const testRequest: Omit<ModelRequest, "signal"> = {
  // It has no documents, so that nothing is searched.
  share: { appId: "", lane: "" },
  instructions: "",
  text: "Answer with the word OK.",
  earlier: () => Promise.resolve([]),
  documents: [],
  withIndexes: (search) => search(new Map()),
  tools: [],
  settings: { temperature: null, maxOutputTokens: 16, timeoutSeconds: 30 },
};

export class ModelConnectionService {
  private readonly byId = loaderById(this.db, ModelConnection);

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly appService: AppService,
    private readonly keyring: Keyring,
    private readonly outbound: Outbound,
    private readonly models: ProviderModels,
    private readonly audit: AuditTrail,
  ) {}

  async list(appId: string, page: PageArgs): Promise<Page<ModelConnection>> {
    await this.appService.get(appId);
    return pageOf(this.db, ModelConnection, { appId }, page, "ASC");
  }

  async find(id: string): Promise<ModelConnection | null> {
    const found = await this.byId.load(id);
    return found && canReach(this.caller, found.appId) ? found : null;
  }

  async create({ appId, name, provider, ...input }: CreateModelConnectionInput): Promise<ModelConnection> {
    const baseUrl = input.baseUrl ?? defaultBaseUrls[provider];
    if (baseUrl === undefined) throw badInput({ field: "input.baseUrl", message: "must be given for this provider" });
    await this.checkAddress(baseUrl);

    const id = newId();
    const now = new Date();
    const keyless = { id, appId, name, provider, baseUrl, apiKey: null, createdAt: now, updatedAt: now };
    const connection = this.withKey(keyless, input.apiKey ?? null);
    requireKey(connection);
    await this.db
      .transaction(async (manager) => {
        if (!canReach(this.caller, appId)) throw notFound("app");
        await manager.insert(ModelConnection, connection);
        await assertAppExists(manager, appId);
        const audited = { appId, target: connection, after: auditedConnection(connection) };
        this.audit.record(manager, "CREATE_MODEL_CONNECTION", audited);
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken, orphan: () => notFound("app") }));
    return connection;
  }

  async update({ id, apiKey, ...changes }: UpdateModelConnectionInput): Promise<ModelConnection> {
    if (changes.baseUrl !== undefined) await this.checkAddress(changes.baseUrl);
    return this.db
      .transaction(async (manager) => {
        const before = await this.db.lock(manager, ModelConnection, { id });
        if (!before || !canReach(this.caller, before.appId)) throw connectionNotFound();
        const changed: ModelConnection = { ...before, ...changes, updatedAt: new Date() };
        const after = apiKey === undefined ? changed : this.withKey(changed, apiKey);
        requireKey(after);
        if (apiKey === undefined && before.apiKey !== null && after.baseUrl !== before.baseUrl) throw keyRequired();
        await manager.update(ModelConnection, { id }, after);
        if (after.name !== before.name) await this.renameInAgents(manager, before, after.name);
        const audited = { before: auditedConnection(before), after: auditedConnection(after) };
        this.audit.record(manager, "UPDATE_MODEL_CONNECTION", { appId: after.appId, target: after, ...audited });
        return after;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  async delete(id: string): Promise<void> {
    await this.db.transaction(async (manager) => {
      const connection = await this.db.lock(manager, ModelConnection, { id });
      if (!connection || !canReach(this.caller, connection.appId)) throw connectionNotFound();
      const agents = await agentsOf(manager, connection).getCount();
      if (agents > 0) {
        const users = agents === 1 ? "1 agent uses" : `${agents} agents use`;
        throw conflict("IN_USE", `${users} this model connection. Change their model or delete them first.`);
      }
      await manager.delete(ModelConnection, { id });
      const audited = { appId: connection.appId, target: connection, before: auditedConnection(connection) };
      this.audit.record(manager, "DELETE_MODEL_CONNECTION", audited);
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

  private async renameInAgents(manager: EntityManager, before: ModelConnection, name: string): Promise<void> {
    for (const agent of await agentsOf(manager, before).getMany()) {
      const model = name + agent.model.slice(before.name.length);
      const change = { model, version: agent.version + 1, updatedAt: new Date() };
      await manager.update(Agent, { id: agent.id }, change);
      this.audit.record(manager, "UPDATE_AGENT", auditedAgentUpdate(agent, { ...agent, ...change }));
    }
  }

  private withKey(connection: ModelConnection, apiKey: string | null): ModelConnection {
    return { ...connection, apiKey: apiKey === null ? null : this.keyring.seal(apiKey, apiKeyPlace(connection)) };
  }

  private async checkAddress(baseUrl: string): Promise<void> {
    const message =
      addressFault(baseUrl) ??
      ((await this.outbound.refuses(new URL(baseUrl))) ? addressRefused("MODEL_ALLOWED_HOSTS") : undefined);
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

/** The encrypted key differs each time it is given. */
const auditedConnection = ({ name, provider, baseUrl, apiKey }: ModelConnection) => ({
  name,
  provider,
  baseUrl,
  apiKey: auditedSecret(apiKey),
});
