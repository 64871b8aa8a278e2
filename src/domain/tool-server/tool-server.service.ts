import type { EntityManager } from "typeorm";
import { ApiError, badInput, conflict, nameConflict, notFound } from "../../errors";
import { listTools } from "../../model/tools/list-tools";
import type { ToolTimings } from "../../model/tools/mcp-server";
import { ToolsUnavailableError } from "../../model/tools/tool-server";
import { auditedSecret } from "../audit/audited-fields";
import type { AuditTrail } from "../audit/audit-trail";
import { type Caller, canReach } from "../../auth/caller";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { pageOf } from "../../platform/database/page-loader";
import type { Page } from "../../platform/database/pages";
import type { Outbound } from "../../platform/outbound/outbound";
import { addressFault, addressRefused } from "../../platform/outbound/url-validation";
import type { Keyring } from "../../platform/secrets/keyring";
import type { PageArgs } from "../../schema-types/pages";
import { Agent } from "../agent/agent.entity";
import { App } from "../app/app.entity";
import { type AppService, assertAppExists } from "../app/app.service";
import { AppToolServer, headersPlace } from "./tool-server.entity";
import type {
  CreateToolServerInput,
  TestToolServerPayload,
  ToolServerHeaderInput,
  UpdateToolServerInput,
} from "./tool-server.input";
import type { ToolServers } from "./tool-servers";

/** Per app. */
const maxToolServers = 100;
/** Of a test's answer. */
const maxTestedTools = 1_000;
const maxDescriptionChars = 2_000;

const nameTaken = () => nameConflict("Another tool server of this app has this name. Choose another one.");
const toolServerNotFound = () => notFound("tool server");

export class ToolServerService {
  private readonly byId = loaderById(this.db, AppToolServer);

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly appService: AppService,
    private readonly keyring: Keyring,
    private readonly outbound: Outbound,
    private readonly toolServers: ToolServers,
    private readonly timings: ToolTimings,
    private readonly audit: AuditTrail,
  ) {}

  async list(appId: string, page: PageArgs): Promise<Page<AppToolServer>> {
    await this.appService.get(appId);
    return pageOf(this.db, AppToolServer, { appId }, page, "ASC");
  }

  async find(id: string): Promise<AppToolServer | null> {
    const found = await this.byId.load(id);
    return found && canReach(this.caller, found.appId) ? found : null;
  }

  async create({ appId, name, url, headers }: CreateToolServerInput): Promise<AppToolServer> {
    await this.checkAddress(url);
    const now = new Date();
    const bare = { id: newId(), appId, name, url, headerNames: [], headers: null, createdAt: now, updatedAt: now };
    const server = this.withHeaders(bare, headers);
    await this.db
      .transaction(async (manager) => {
        if (!canReach(this.caller, appId)) throw notFound("app");
        // Locked, so that concurrent calls do not exceed the limit together.
        await this.db.lock(manager, App, { id: appId });
        await assertAppExists(manager, appId);
        await assertRoom(manager, appId);
        await manager.insert(AppToolServer, server);
        this.audit.record(manager, "CREATE_TOOL_SERVER", { appId, target: server, after: auditedServer(server) });
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken, orphan: () => notFound("app") }));
    return server;
  }

  async update({ id, headers, ...changes }: UpdateToolServerInput): Promise<AppToolServer> {
    if (changes.url !== undefined) await this.checkAddress(changes.url);
    return this.db
      .transaction(async (manager) => {
        const before = await this.db.lock(manager, AppToolServer, { id });
        if (!before || !canReach(this.caller, before.appId)) throw toolServerNotFound();
        const changed: AppToolServer = { ...before, ...changes, updatedAt: new Date() };
        if (headers === undefined && before.headers !== null && changed.url !== before.url) throw headersRequired();
        const after = headers === undefined ? changed : this.withHeaders(changed, headers);
        await manager.update(AppToolServer, { id }, after);
        const audited = { before: auditedServer(before), after: auditedServer(after) };
        this.audit.record(manager, "UPDATE_TOOL_SERVER", { appId: after.appId, target: after, ...audited });
        return after;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  async delete(id: string): Promise<void> {
    await this.db.transaction(async (manager) => {
      const server = await this.db.lock(manager, AppToolServer, { id });
      if (!server || !canReach(this.caller, server.appId)) throw toolServerNotFound();
      const agents = await countAgents(manager, server);
      if (agents > 0) {
        const users = agents === 1 ? "1 agent uses" : `${agents} agents use`;
        throw conflict("IN_USE", `${users} this tool server. Remove it from their tools or delete them first.`);
      }
      await manager.delete(AppToolServer, { id });
      const audited = { appId: server.appId, target: server, before: auditedServer(server) };
      this.audit.record(manager, "DELETE_TOOL_SERVER", audited);
    });
  }

  async test(id: string): Promise<TestToolServerPayload> {
    const server = await this.find(id);
    if (!server) throw toolServerNotFound();
    const start = performance.now();
    const latencyMs = () => Math.round(performance.now() - start);
    try {
      const target = this.toolServers.targetOf(server, []);
      const found = await listTools(target, this.outbound.fetch, this.timings, new AbortController().signal);
      const tools = found.slice(0, maxTestedTools).map(({ name, description }) => ({
        name: name.toWellFormed(),
        description: description?.slice(0, maxDescriptionChars).toWellFormed() ?? null,
      }));
      return { ok: true, latencyMs: latencyMs(), tools, error: null };
    } catch (error) {
      if (!(error instanceof ToolsUnavailableError)) throw error;
      const { message } = error;
      return { ok: false, latencyMs: latencyMs(), tools: [], error: { code: "TOOLS_UNAVAILABLE", message } };
    }
  }

  private withHeaders(server: AppToolServer, headers: readonly ToolServerHeaderInput[]): AppToolServer {
    const text = JSON.stringify(headers.map(({ name, value }) => [name.toLowerCase(), value]));
    return {
      ...server,
      headerNames: headers.map(({ name }) => name.toLowerCase()),
      headers: headers.length === 0 ? null : this.keyring.seal(text, headersPlace(server)),
    };
  }

  private async checkAddress(url: string): Promise<void> {
    const message =
      addressFault(url) ??
      ((await this.outbound.refuses(new URL(url))) ? addressRefused("TOOL_ALLOWED_HOSTS") : undefined);
    if (message !== undefined) throw badInput({ field: "input.url", message });
  }
}

const auditedServer = ({ name, url, headerNames, headers }: AppToolServer) => ({
  name,
  url,
  headerNames,
  headers: auditedSecret(headers),
});

const headersRequired = () =>
  badInput({
    field: "input.headers",
    message: "must be given with a new `url`, so that the stored values are not sent to another address",
  });

async function assertRoom(manager: EntityManager, appId: string): Promise<void> {
  const used = await manager.countBy(AppToolServer, { appId });
  if (used < maxToolServers) return;
  throw new ApiError(
    "LIMIT_REACHED",
    `An app may have ${maxToolServers} tool servers and this one has ${used}. Delete one that no agent uses.`,
    { extensions: { limit: "toolServers", allowed: maxToolServers, used, availableAt: null } },
  );
}

/** Agents store their tools as JSON, which names a server by its id. */
function countAgents(manager: EntityManager, { id, appId }: AppToolServer): Promise<number> {
  return manager
    .createQueryBuilder(Agent, "agent")
    .where("agent.appId = :appId AND INSTR(agent.tools, :reference) > 0", { appId, reference: `"serverId":"${id}"` })
    .getCount();
}
