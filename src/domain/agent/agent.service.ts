import type { EntityManager } from "typeorm";
import type { AppService } from "../app/app.service";
import { assertAppExists } from "../app/app.service";
import { appFilter, type Caller, canReach } from "../../auth/caller";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { type Page, pageOf } from "../../platform/database/page-loader";
import { type PageArgs } from "../../schema-types/pages";
import { badInput, conflict, notFound } from "../../errors";
import type { ModelCatalog } from "../../model/catalog";
import type { Outbound } from "../../platform/outbound/outbound";
import { addressFault, addressRefused } from "../../platform/outbound/url-validation";
import { Agent } from "./agent.entity";
import type { AgentTool } from "./agent-tool.entity";
import type { CreateAgentInput, UpdateAgentInput } from "./agent.input";

const nameTaken = () => conflict("Another agent of this app has this name. Choose another one.");

export class AgentService {
  private readonly byId = loaderById(this.db.read, Agent);

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly appService: AppService,
    private readonly models: ModelCatalog,
    private readonly outbound: Outbound,
  ) {}

  async list(appId: string | null | undefined, page: PageArgs): Promise<Page<Agent>> {
    return pageOf(this.db.read, Agent, { appId: await this.appService.resolve(appId, "appId") }, page, "ASC");
  }

  async find(id: string): Promise<Agent | null> {
    const agent = await this.byId.load(id);
    return agent && canReach(this.caller, agent.appId) ? agent : null;
  }

  async create({ appId, temperature, maxOutputTokens, ...input }: CreateAgentInput): Promise<Agent> {
    await this.checkTools(input.tools);
    const now = new Date();
    const agent: Agent = {
      id: newId(),
      appId: await this.appService.resolve(appId, "input.appId"),
      ...input,
      temperature: temperature ?? null,
      maxOutputTokens: maxOutputTokens ?? null,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    await this.db
      .transaction(async (manager) => {
        await this.checkModel(manager, agent);
        this.checkToolSupport(agent);
        await manager.insert(Agent, agent);
        await assertAppExists(manager, agent.appId);
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken, orphan: () => notFound("app") }));
    return agent;
  }

  async update({ id, expectedVersion, ...changes }: UpdateAgentInput): Promise<Agent> {
    if (changes.tools) await this.checkTools(changes.tools);
    return this.db
      .transaction(async (manager) => {
        const before = await this.db.lock(manager, Agent, { id, ...appFilter(this.caller) });
        if (!before) throw notFound("agent");
        if (expectedVersion !== undefined && expectedVersion !== before.version) {
          throw conflict(
            `The agent is at version ${before.version}, not ${expectedVersion}. Read the agent again and repeat the update.`,
          );
        }
        const after: Agent = { ...before, ...changes, version: before.version + 1, updatedAt: new Date() };
        if (changes.model !== undefined) await this.checkModel(manager, after);
        this.checkToolSupport(after);
        await manager.update(Agent, { id }, after);
        return after;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  async delete(id: string): Promise<void> {
    const { affected } = await this.db.transaction((manager) =>
      manager.delete(Agent, { id, ...appFilter(this.caller) }),
    );
    if (!affected) throw notFound("agent");
  }

  private async checkModel(manager: EntityManager, { appId, model }: Agent): Promise<void> {
    if (await this.models.lock(manager, appId, model)) return;
    const message = `must be one of these: ${(await this.models.names(appId)).join(", ")}.`;
    throw badInput({ field: "input.model", message });
  }

  /** Checks that each server may be called, and that no server and no tool name occurs twice. */
  private async checkTools(tools: readonly AgentTool[]): Promise<void> {
    const toolNames = new Set<string>();
    for (const [i, { url, allow }] of tools.entries()) {
      const message = addressFault(url) ?? ((await this.outbound.refuses(new URL(url))) ? addressRefused : undefined);
      if (message !== undefined) throw badInput({ field: `input.tools.${i}.url`, message });
      if (tools.findIndex((other) => other.url === url) < i) {
        throw badInput({ field: `input.tools.${i}.url`, message: "must not repeat the address of another server" });
      }
      for (const name of allow) {
        const field = `input.tools.${i}.allow`;
        if (toolNames.has(name)) throw badInput({ field, message: "must not name a tool that another server names" });
        toolNames.add(name);
      }
    }
  }

  private checkToolSupport({ model, tools }: Agent): void {
    if (tools.length === 0 || this.models.supportsTools(model)) return;
    const message = "must be empty, because this model can't call tools. Use a model of a connection";
    throw badInput({ field: "input.tools", message });
  }
}
