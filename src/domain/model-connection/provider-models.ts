import type { Logger } from "pino";
import type { EntityManager } from "typeorm";
import type { Database } from "../../platform/database/database";
import type { ConnectedModelName, ConnectedModels } from "../../model/catalog";
import { type Model, ModelError } from "../../model/model";
import { createLanguageModel } from "../../model/provider";
import type { ModelTimings } from "../../model/provider-model";
import type { ToolTimings } from "../../model/tools/mcp-server";
import type { Outbound } from "../../platform/outbound/outbound";
import type { DocumentReader } from "../../retrieval/document-reader";
import { type Keyring, SecretUnreadableError } from "../../platform/secrets/keyring";
import { apiKeyPlace, ModelConnection } from "./model-connection.entity";

/** Creates the models behind connections, ready to be called. */
export class ProviderModels implements ConnectedModels {
  constructor(
    private readonly db: Database,
    private readonly keyring: Keyring,
    private readonly outbound: Readonly<Record<"models" | "tools", Outbound>>,
    private readonly reader: DocumentReader,
    private readonly timings: { readonly models: ModelTimings; readonly tools: ToolTimings },
    private readonly log: Logger,
  ) {}

  async find(appId: string, { connection, model }: ConnectedModelName): Promise<Model | undefined> {
    const found = await this.db.read.findOneBy(ModelConnection, { appId, name: connection });
    return found ? this.modelOf(found, model) : undefined;
  }

  async lock(manager: EntityManager, appId: string, connection: string): Promise<boolean> {
    return (await this.db.lock(manager, ModelConnection, { appId, name: connection })) !== null;
  }

  async names(appId: string): Promise<string[]> {
    const found = await this.db.read.find(ModelConnection, {
      where: { appId },
      select: { id: true, name: true },
      order: { id: "ASC" },
    });
    return found.map(({ name }) => name);
  }

  /**
   * @param attempts the maximum number of calls for one answer, if retrying may help
   * @throws {ModelError} if the provider's key can't be read
   */
  async modelOf(connection: ModelConnection, model: string, attempts?: number): Promise<Model> {
    const { id, provider, baseUrl } = connection;
    const access = { provider, baseUrl, apiKey: this.apiKeyOf(connection) };
    const log = this.log.child({ modelConnectionId: id, model });
    // Large, and not needed to start the server.
    const { ProviderModel } = await import("../../model/provider-model.js");
    return new ProviderModel(
      await createLanguageModel(access, model, this.outbound.models.fetch),
      this.reader,
      this.outbound.tools.fetch,
      this.timings,
      log,
      // The protocol of chat completions has no images in results.
      { attempts, takesImages: provider !== "OPENAI_COMPATIBLE", apiKey: access.apiKey },
    );
  }

  private apiKeyOf(connection: ModelConnection): string | null {
    const { id, apiKey } = connection;
    try {
      return apiKey === null ? null : this.keyring.open(apiKey, apiKeyPlace(connection));
    } catch (error) {
      if (!(error instanceof SecretUnreadableError)) throw error;
      this.log.error({ modelConnectionId: id, reason: error.reason }, "the key of a model connection can't be read");
      throw new ModelError(
        "MODEL_UNAVAILABLE",
        "The key of this model connection can't be read with the server's SECRETS_KEY, or was stored for another address. An administrator can set it again.",
      );
    }
  }
}
