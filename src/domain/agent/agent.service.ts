import { type EntityManager, In, IsNull } from "typeorm";
import type { AppService } from "../app/app.service";
import { appFilter } from "../app/app-filter";
import { assertAppExists } from "../app/app.service";
import { giveRoom, takeRoom } from "../app/app-usage";
import type { AuditTrail } from "../audit/audit-trail";
import { type Caller, canReachAgent, selectedAgents } from "../../auth/caller";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { PreparedInsert } from "../../platform/database/prepared-write";
import { loaderById } from "../../platform/database/loaders";
import { pageOf } from "../../platform/database/page-loader";
import { nameHas } from "../../platform/database/text-search";
import type { Page } from "../../platform/database/pages";
import { type SearchArgs } from "../../schema-types/pages";
import { assertVersion, badInput, nameConflict, notFound } from "../../errors";
import type { ModelCatalog } from "../../model/catalog";
import { auditedUpdate as auditedScopeUpdate } from "../scope/audited-scope";
import { Scope } from "../scope/scope.entity";
import { Agent } from "./agent.entity";
import type { AgentTools } from "./agent-tools";
import { auditedAgent, auditedUpdate } from "./audited-agent";
import type { CreateAgentInput, UpdateAgentInput } from "./agent.input";

const insertAgent = new PreparedInsert(Agent);

const nameTaken = () => nameConflict("Another agent of this app has this name. Choose another one.");

export class AgentService {
  private readonly byId = loaderById(this.db, Agent);

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly appService: AppService,
    private readonly models: ModelCatalog,
    private readonly tools: AgentTools,
    private readonly audit: AuditTrail,
  ) {}

  /** @param properties those that are read, beside ids */
  async list(appId: string | null | undefined, page: SearchArgs, properties: readonly string[]): Promise<Page<Agent>> {
    const selected = selectedAgents(this.caller);
    const where = {
      appId: await this.appService.resolve(appId, "appId"),
      ...(selected && { id: In([...selected]) }),
      ...nameHas(page.search),
    };
    return pageOf(this.db, Agent, where, page, "ASC", { properties });
  }

  async find(id: string): Promise<Agent | null> {
    const agent = await this.byId.load(id);
    return agent && canReachAgent(this.caller, agent) ? agent : null;
  }

  async create({ appId, temperature, maxOutputTokens, tools, ...input }: CreateAgentInput): Promise<Agent> {
    await this.tools.check(tools);
    const now = new Date();
    const withoutTools: Agent = {
      id: newId(),
      appId: await this.appService.resolve(appId, "input.appId"),
      ...input,
      tools: [],
      temperature: temperature ?? null,
      maxOutputTokens: maxOutputTokens ?? null,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    return this.db
      .transaction(async (manager) => {
        const resolved = await this.tools.resolve(manager, withoutTools.appId, tools, []);
        const agent = { ...withoutTools, tools: resolved };
        await this.checkModel(manager, agent);
        this.checkToolSupport(agent);
        await insertAgent.run(manager, agent);
        await assertAppExists(manager, agent.appId);
        await takeRoom(manager, agent.appId, { agents: 1 });
        this.audit.record(manager, "CREATE_AGENT", { appId: agent.appId, target: agent, after: auditedAgent(agent) });
        return agent;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken, orphan: () => notFound("app") }));
  }

  async update({ id, expectedVersion, tools, ...changes }: UpdateAgentInput): Promise<Agent> {
    if (tools) await this.tools.check(tools);
    return this.db
      .transaction(async (manager) => {
        const before = await this.db.lock(manager, Agent, { id, ...appFilter(this.caller) });
        if (!before || !canReachAgent(this.caller, before)) throw notFound("agent");
        assertVersion("agent", before.version, expectedVersion);
        const changed = tools && { tools: await this.tools.resolve(manager, before.appId, tools, before.tools) };
        const after: Agent = { ...before, ...changes, ...changed, version: before.version + 1, updatedAt: new Date() };
        if (changes.model !== undefined) await this.checkModel(manager, after);
        this.checkToolSupport(after);
        await manager.update(Agent, { id }, after);
        this.audit.record(manager, "UPDATE_AGENT", auditedUpdate(before, after));
        return after;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  async delete(id: string): Promise<void> {
    await this.db.transaction(async (manager) => {
      const agent = await this.db.lock(manager, Agent, { id, ...appFilter(this.caller) });
      if (!agent || !canReachAgent(this.caller, agent)) throw notFound("agent");
      await manager.delete(Agent, { id });
      await this.takeOffScopes(manager, agent);
      await giveRoom(manager, agent.appId, { agents: 1 });
      this.audit.record(manager, "DELETE_AGENT", { appId: agent.appId, target: agent, before: auditedAgent(agent) });
    });
  }

  /**
   * Takes an agent that is deleted off the scopes that have selected it. The scopes are locked, so that no agent comes back
   * that an administrator takes off meanwhile.
   */
  private async takeOffScopes(manager: EntityManager, { id, appId }: Agent): Promise<void> {
    const where = { appId, deletedAt: IsNull(), permissions: { agentAccess: "SELECTED" } } as const;
    const scopes = await this.db.lockMany(manager, Scope, { where, order: { id: "ASC" } });
    for (const scope of scopes) {
      const agentIds = scope.permissions.agentIds.filter((each) => each !== id);
      if (agentIds.length === scope.permissions.agentIds.length) continue;
      await manager.update(Scope, { id: scope.id }, { permissions: { agentIds } });
      const after = { ...scope, permissions: { ...scope.permissions, agentIds } };
      this.audit.record(manager, "UPDATE_SCOPE", auditedScopeUpdate(scope, after));
    }
  }

  private async checkModel(manager: EntityManager, { appId, model }: Agent): Promise<void> {
    if (await this.models.lock(manager, appId, model)) return;
    const message =
      this.models.nameFault(model) ?? `must be one of these: ${(await this.models.names(appId)).join(", ")}.`;
    throw badInput({ field: "input.model", message });
  }

  private checkToolSupport({ model, tools }: Agent): void {
    if (tools.length === 0 || this.models.supportsTools(model)) return;
    const message = "must be empty, because this model can't call tools. Use a model of a connection";
    throw badInput({ field: "input.tools", message });
  }
}
