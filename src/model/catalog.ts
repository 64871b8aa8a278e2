import type { EntityManager } from "typeorm";
import type { Model } from "./model";

/** A model behind a connection, as agents name it: `<connection>/<model>`. */
export interface ConnectedModelName {
  readonly connection: string;
  readonly model: string;
}

/** Finds models behind the connections that apps have. */
export interface ConnectedModels {
  /** @throws ModelFailed where it is there and can't be used */
  find(appId: string, name: ConnectedModelName): Promise<Model | undefined>;
  /** Whether an app has the connection; it stays until the transaction ends. */
  hold(manager: EntityManager, appId: string, connection: string): Promise<boolean>;
  /** Of an app's connections, oldest first. */
  names(appId: string): Promise<string[]>;
}

/** The models that agents may name: those that are built in, and those behind the connections of the agent's app. */
export class ModelCatalog {
  private readonly builtIn: ReadonlyMap<string, Model>;

  constructor(
    builtIn: Readonly<Record<string, Model>>,
    private readonly connected: ConnectedModels,
  ) {
    this.builtIn = new Map(Object.entries(builtIn));
  }

  async find(appId: string, name: string): Promise<Model | undefined> {
    const parts = partsOf(name);
    return this.builtIn.get(name) ?? (parts && this.connected.find(appId, parts));
  }

  /** Whether an app's agent may name it. That stays true until the transaction ends. */
  async hold(manager: EntityManager, appId: string, name: string): Promise<boolean> {
    if (this.builtIn.has(name)) return true;
    const parts = partsOf(name);
    return parts !== undefined && this.connected.hold(manager, appId, parts.connection);
  }

  /** Whether it can be offered tools. */
  takesTools(name: string): boolean {
    return !this.builtIn.has(name);
  }

  /** What an app's agents may name, for people. */
  async names(appId: string): Promise<string[]> {
    const connections = await this.connected.names(appId);
    return [...this.builtIn.keys(), ...connections.map((connection) => `${connection}/<model>`)];
  }
}

/** A model's own name may have slashes, but no parts that lead out of the path that it is put into. */
export const modelNameShape = /^(?!\.{1,2}(?:\/|$))[\w.:@+~-]+(?:\/(?!\.{1,2}(?:\/|$))[\w.:@+~-]+)*$/;

function partsOf(name: string): ConnectedModelName | undefined {
  const [, connection, model] = /^([^/:]+)\/(.+)$/.exec(name) ?? [];
  if (connection === undefined || model === undefined || !modelNameShape.test(model)) return undefined;
  return { connection, model };
}
