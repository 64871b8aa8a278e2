import type { EntityManager } from "typeorm";
import type { AppService } from "../app/app.service";
import { ownedBy } from "../app/app.service";
import type { Caller } from "../auth/caller";
import { type Database, refusal } from "../database/database";
import { newId } from "../database/ids";
import { loaderById } from "../database/loaders";
import { type Page, type PageArgs, pageOf } from "../database/pages";
import { badInput, conflict, notFound } from "../errors";
import type { ModelCatalog } from "../model/catalog";
import { Agent } from "./agent.entity";
import type { CreateAgentInput, UpdateAgentInput } from "./agent.input";

const nameTaken = () => conflict("Another agent of this app has this name. Choose another one.");

export class AgentService {
  private readonly byId = loaderById(this.db.read, Agent);

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly appService: AppService,
    private readonly models: ModelCatalog,
  ) {}

  async list(appId: string | null | undefined, page: PageArgs): Promise<Page<Agent>> {
    return pageOf(this.db.read, Agent, { appId: await this.appService.resolve(appId, "appId") }, page, "ASC");
  }

  async find(id: string): Promise<Agent | null> {
    const agent = await this.byId.load(id);
    return agent && this.isOwn(agent) ? agent : null;
  }

  async create({ appId, temperature, maxOutputTokens, ...input }: CreateAgentInput): Promise<Agent> {
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
        await manager.insert(Agent, agent);
      })
      .catch(refusal({ duplicate: nameTaken, orphan: () => notFound("app") }));
    return agent;
  }

  async update({ id, expectedVersion, ...changes }: UpdateAgentInput): Promise<Agent> {
    return this.db
      .transaction(async (manager) => {
        const before = await this.db.lock(manager, Agent, { id, ...ownedBy(this.caller) });
        if (!before) throw notFound("agent");
        if (expectedVersion !== undefined && expectedVersion !== before.version) {
          throw conflict(
            `The agent is at version ${before.version}, not ${expectedVersion}. Read it again, and decide anew.`,
          );
        }
        const after: Agent = { ...before, ...changes, version: before.version + 1, updatedAt: new Date() };
        if (changes.model !== undefined) await this.checkModel(manager, after);
        await manager.update(Agent, { id }, after);
        return after;
      })
      .catch(refusal({ duplicate: nameTaken }));
  }

  async delete(id: string): Promise<void> {
    const { affected } = await this.db.transaction((manager) => manager.delete(Agent, { id, ...ownedBy(this.caller) }));
    if (!affected) throw notFound("agent");
  }

  private isOwn({ appId }: Agent): boolean {
    return this.caller.kind === "ADMIN" || this.caller.appId === appId;
  }

  private async checkModel(manager: EntityManager, { appId, model }: Agent): Promise<void> {
    if (await this.models.hold(manager, appId, model)) return;
    const message = `There is no such model. These exist: ${(await this.models.names(appId)).join(", ")}.`;
    throw badInput({ field: "input.model", message });
  }
}
