import type { EntityManager } from "typeorm";
import type { Caller } from "../../auth/caller";
import { permissionsOf } from "../../auth/permissions";
import { ApiError, badInput } from "../../errors";
import type { Outbound } from "../../platform/outbound/outbound";
import { addressFault, addressRefused } from "../../platform/outbound/url-validation";
import type { AgentTool } from "./agent-tool.entity";
import type { AgentToolInput } from "./agent-tool.input";

/** A tool server of an app. */
export interface NamedToolServer {
  readonly id: string;
  readonly name: string;
  readonly url: string;
}

/** Finds the tool servers of apps. */
export interface ToolServerDirectory {
  /** Locks a server until the transaction ends. @returns null if the app has no such server */
  lock(manager: EntityManager, appId: string, name: string): Promise<NamedToolServer | null>;
  findByIds(ids: readonly string[]): Promise<NamedToolServer[]>;
  /** The names of an app's servers, oldest first, for an error message. */
  names(appId: string): Promise<string[]>;
}

/**
 * Turns the tools of an input into those that an agent stores. A server is named by `server`. An address of its own only
 * an administrator gives an agent, because who points an agent at a server of theirs reads what its callers say; but
 * everyone who may update the agent may send back an address that the agent has, which then stays what it is.
 */
export class AgentTools {
  constructor(
    private readonly caller: Caller,
    private readonly toolServers: ToolServerDirectory,
    private readonly outbound: Outbound,
  ) {}

  /** Checks what needs no transaction: the shape, and the addresses that an administrator gives. */
  async check(tools: readonly AgentToolInput[]): Promise<void> {
    const toolNames = new Set<string>();
    for (const [i, { server, url, allow }] of tools.entries()) {
      if (server == null && url == null) throw badInput({ field: `input.tools.${i}.server`, message: "must be given" });
      if (url != null) await this.checkAddress(url, i);
      const isSame = (other: AgentToolInput) => (server == null ? other.url === url : other.server === server);
      if (tools.findIndex(isSame) < i) {
        const field = `input.tools.${i}.${server == null ? "url" : "server"}`;
        throw badInput({ field, message: "must not repeat another server" });
      }
      for (const name of allow) {
        const field = `input.tools.${i}.allow`;
        if (toolNames.has(name)) throw badInput({ field, message: "must not name a tool that another server names" });
        toolNames.add(name);
      }
    }
  }

  /**
   * Locks the named servers, so that they are not deleted until the transaction ends.
   *
   * @param before the tools that the agent has
   * @throws BAD_USER_INPUT if the app has no such server; FORBIDDEN for a new address from a key
   */
  async resolve(
    manager: EntityManager,
    appId: string,
    tools: readonly AgentToolInput[],
    before: readonly AgentTool[],
  ): Promise<AgentTool[]> {
    const servers = await this.toolServers.findByIds(before.flatMap(({ serverId }) => serverId ?? []));
    const resolved: AgentTool[] = [];
    for (const [i, { server, url, allow }] of tools.entries()) {
      if (server != null) resolved.push(await this.named(manager, appId, server, { url, allow }, i));
      else {
        const kept = before.find((tool) => (servers.find(({ id }) => id === tool.serverId)?.url ?? tool.url) === url);
        if (!kept && this.caller.kind === "API_KEY") throw this.addressForbidden(i);
        resolved.push({ ...(kept ?? { url: url ?? "" }), allow });
      }
    }
    const ids = resolved.map(({ serverId }) => serverId).filter((id) => id !== undefined);
    if (new Set(ids).size < ids.length) throw badInput({ field: "input.tools", message: "must not repeat a server" });
    return resolved;
  }

  private async named(
    manager: EntityManager,
    appId: string,
    server: string,
    { url, allow }: { readonly url: string | null | undefined; readonly allow: string[] },
    i: number,
  ): Promise<AgentTool> {
    const found = await this.toolServers.lock(manager, appId, server);
    if (!found) {
      const names = await this.toolServers.names(appId);
      const message =
        names.length === 0
          ? "must name a tool server of the app, which has none"
          : `must be one of these: ${names.join(", ")}`;
      throw badInput({ field: `input.tools.${i}.server`, message });
    }
    if (url != null && url !== found.url) {
      throw badInput({ field: `input.tools.${i}.url`, message: "must be left out, or be the address of the `server`" });
    }
    return { serverId: found.id, url: "", allow };
  }

  private async checkAddress(url: string, i: number): Promise<void> {
    const field = `input.tools.${i}.url`;
    const fault = addressFault(url);
    if (fault !== undefined) throw badInput({ field, message: fault });
    // A key may only send back what the agent has; it learns nothing here about other addresses.
    if (this.caller.kind === "API_KEY" || !(await this.outbound.refuses(new URL(url)))) return;
    throw badInput({ field, message: addressRefused("TOOL_ALLOWED_HOSTS") });
  }

  private addressForbidden(i: number): ApiError {
    return new ApiError(
      "FORBIDDEN",
      `input.tools.${i}.url: only an administrator gives an agent the address of a server. Name a tool server of the app as \`server\`; administrators create them with \`createToolServer\`.`,
      { extensions: { required: "admin", granted: permissionsOf(this.caller.granted) } },
    );
  }
}
