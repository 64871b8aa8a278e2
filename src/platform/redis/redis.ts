import { Redis, type RedisOptions } from "ioredis";
import type { Logger } from "pino";
import type { RedisConfig } from "./redis-config";

/** How often it is said that Redis is away, in milliseconds. */
const sayAgain = 60_000;
/** How long Redis may take to answer, in milliseconds, where somebody waits. */
const patience = 5_000;

/**
 * For what is only sent while Redis is there: nothing is kept for later, and nothing is sent twice. Where nothing comes
 * back the connection is given up soon, as all that is sent is kept until then.
 */
const sending: RedisOptions = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: patience,
  socketTimeout: 2_000,
};

/** For what waits for Redis, however long it is away. BullMQ asks for something that takes up to ten seconds to come. */
const listening: RedisOptions = { maxRetriesPerRequest: null, socketTimeout: 15_000 };

/** The way to Redis, which may be away at any time: connections come back by themselves, and nobody waits for them. */
export class RedisConnections {
  private readonly open = new Set<Redis>();
  private saidAt = -Infinity;

  constructor(
    private readonly config: RedisConfig,
    private readonly log: Logger,
  ) {}

  /** What all keys and channels begin with. */
  get prefix(): string {
    return this.config.prefix;
  }

  toSend(): Redis {
    return this.connect(sending);
  }

  toListen(): Redis {
    return this.connect(listening);
  }

  /** Says that something failed, but not each time: while Redis is away everything does. */
  readonly complain = (error: unknown): void => {
    if (performance.now() - this.saidAt < sayAgain) return;
    this.saidAt = performance.now();
    this.log.warn({ err: error }, "Redis is away or fails, and runs go on without it");
  };

  close(): void {
    for (const connection of this.open) connection.disconnect();
  }

  private connect(options: RedisOptions): Redis {
    const connection = new Redis(this.config.url, {
      ...options,
      connectTimeout: patience,
      retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
    });
    connection.on("error", this.complain);
    this.open.add(connection);
    return connection;
  }
}
