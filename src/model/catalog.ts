import type { EntityManager } from "typeorm";
import type { Model } from "./model";

/** A model behind a connection. Agents name it `<connection>/<model>`. */
export interface ConnectedModelName {
  readonly connection: string;
  readonly model: string;
}

/** Finds models behind the connections of apps. */
export interface ConnectedModels {
  /**
   * @returns undefined if the app has no such connection
   * @throws {ModelError} if the model can't be used
   */
  find(appId: string, name: ConnectedModelName): Promise<Model | undefined>;
  /**
   * Locks a connection until the transaction ends.
   *
   * @returns false if the app has no such connection
   */
  lock(manager: EntityManager, appId: string, connection: string): Promise<boolean>;
  /** The names of an app's connections, oldest first. */
  names(appId: string): Promise<string[]>;
}

/** The models that agents may name: the built-in models, and the models behind the connections of the agent's app. */
export class ModelCatalog {
  private readonly builtIn: ReadonlyMap<string, Model>;

  constructor(
    builtIn: Readonly<Record<string, Model>>,
    private readonly connected: ConnectedModels,
  ) {
    this.builtIn = new Map(Object.entries(builtIn));
  }

  /**
   * @returns undefined if there is no such model
   * @throws {ModelError} if the model can't be used
   */
  async find(appId: string, name: string): Promise<Model | undefined> {
    const parsed = parseName(name);
    return this.builtIn.get(name) ?? (parsed && this.connected.find(appId, parsed));
  }

  /**
   * Locks a model's connection, so that agents may name the model until the transaction ends.
   *
   * @returns false if an agent of the app may not name the model
   */
  async lock(manager: EntityManager, appId: string, name: string): Promise<boolean> {
    if (this.builtIn.has(name)) return true;
    const parsed = parseName(name);
    return (
      parsed !== undefined &&
      modelNameFault(parsed.model) === undefined &&
      this.connected.lock(manager, appId, parsed.connection)
    );
  }

  /** Why no agent may have a model of this name, whatever connections there are; undefined if there is no such reason. */
  nameFault(name: string): string | undefined {
    const parsed = parseName(name);
    const fault = parsed && modelNameFault(parsed.model);
    return fault === undefined ? undefined : `must be <connection>/<model>, of which the name of the model ${fault}`;
  }

  supportsTools(name: string): boolean {
    return !this.builtIn.has(name);
  }

  /** The names that an app's agents may use, for an error message. */
  async names(appId: string): Promise<string[]> {
    const connections = await this.connected.names(appId);
    return [...this.builtIn.keys(), ...connections.map((connection) => `${connection}/<model>`)];
  }
}

/**
 * Why a model's own name can't be taken; undefined if it can. Servers call models by paths, with spaces and with tags. Dot
 * segments are refused, since the name may become part of a URL's path.
 */
export function modelNameFault(name: string): string | undefined {
  if (name === "") return "must not be empty";
  if (name.trim() !== name) return "must have no white space around it";
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(name)) return "must have no line breaks and control characters";
  return name.split(/[/\\]/).some((segment) => segment === "." || segment === "..")
    ? "must have no segments `.` and `..`"
    : undefined;
}

/** The name of a model with that of its connection in the normal form NFC, in which names of connections are stored. */
export const withStoredConnection = (name: string): string =>
  name.replace(/^[^/]+(?=\/)/, (connection) => connection.normalize("NFC"));

function parseName(name: string): ConnectedModelName | undefined {
  const [, connection, model] = /^([^/:]+)\/([^]+)$/.exec(name) ?? [];
  if (connection === undefined || model === undefined) return undefined;
  return { connection, model };
}
