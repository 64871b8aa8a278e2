import type { Logger } from "pino";
import { type EntityManager, In } from "typeorm";
import { type ToolServer, ToolsUnavailableError } from "../../model/tools/tool-server";
import type { Database } from "../../platform/database/database";
import { type Keyring, SecretUnreadableError } from "../../platform/secrets/keyring";
import type { Agent } from "../agent/agent.entity";
import type { NamedToolServer, ToolServerDirectory } from "../agent/agent-tools";
import { AppToolServer, headersPlace } from "./tool-server.entity";

/** Finds the tool servers that agents name, with the headers that are sent to them. */
export class ToolServers implements ToolServerDirectory {
  constructor(
    private readonly db: Database,
    private readonly keyring: Keyring,
    private readonly log: Logger,
  ) {}

  lock(manager: EntityManager, appId: string, name: string): Promise<NamedToolServer | null> {
    return this.db.lock(manager, AppToolServer, { appId, name });
  }

  async findByIds(ids: readonly string[]): Promise<NamedToolServer[]> {
    return ids.length === 0 ? [] : this.db.read.findBy(AppToolServer, { id: In([...ids]) });
  }

  async names(appId: string): Promise<string[]> {
    const found = await this.db.read.find(AppToolServer, {
      where: { appId },
      select: { id: true, name: true },
      order: { id: "ASC" },
    });
    return found.map(({ name }) => name);
  }

  /**
   * The servers of an agent's tools, ready to be called.
   *
   * @throws {ToolsUnavailableError} if a server no longer exists, or its headers can't be read
   */
  async targetsOf({ appId, tools }: Agent): Promise<ToolServer[]> {
    const ids = tools.flatMap(({ serverId }) => serverId ?? []);
    const found = ids.length === 0 ? [] : await this.db.read.findBy(AppToolServer, { id: In(ids), appId });
    return tools.map(({ serverId, url, allow }) => {
      if (serverId === undefined) return { url, allow };
      const server = found.find(({ id }) => id === serverId);
      if (!server) throw new ToolsUnavailableError("A tool server of this agent no longer exists.");
      return this.targetOf(server, allow);
    });
  }

  /** @throws {ToolsUnavailableError} if the headers can't be read */
  targetOf(server: AppToolServer, allow: readonly string[]): ToolServer {
    const { name, url } = server;
    return { name, url, allow, headers: this.headersOf(server) };
  }

  private headersOf(server: AppToolServer): [name: string, value: string][] {
    const { id, name, headers } = server;
    if (headers === null) return [];
    try {
      return JSON.parse(this.keyring.open(headers, headersPlace(server))) as [string, string][];
    } catch (error) {
      if (!(error instanceof SecretUnreadableError)) throw error;
      this.log.error({ toolServerId: id, reason: error.reason }, "the headers of a tool server can't be read");
      throw new ToolsUnavailableError(
        `The headers of the tool server ${name} can't be read with the server's SECRETS_KEY, or were stored for another address. An administrator can set them again.`,
      );
    }
  }
}
