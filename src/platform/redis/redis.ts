import { Redis, type RedisOptions } from "ioredis";
import type { Logger } from "pino";
import type { RedisConfig } from "./redis-config";

/** While Redis is unavailable, the log says so at this interval. */
const logIntervalMs = 60_000;
/** For commands and for connecting. */
const commandTimeoutMs = 5_000;

/**
 * For connections that send while Redis is available: commands are neither queued nor sent twice. The socket timeout is
 * short, as all pending commands are kept in memory until then.
 */
const publisherOptions: RedisOptions = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: commandTimeoutMs,
  socketTimeout: 2_000,
};

/** For connections that wait for Redis without a limit. A blocking command of BullMQ takes up to ten seconds. */
const subscriberOptions: RedisOptions = { maxRetriesPerRequest: null, socketTimeout: 15_000 };

/** Opens connections to Redis, which may be unavailable at any time. Connections reconnect in the background. */
export class RedisConnections {
  private readonly connections = new Set<Redis>();
  private loggedAt = -Infinity;

  constructor(
    private readonly config: RedisConfig,
    private readonly log: Logger,
  ) {}

  /** The prefix of all keys and channels. */
  get prefix(): string {
    return this.config.prefix;
  }

  openPublisher(): Redis {
    return this.connect(publisherOptions);
  }

  openSubscriber(): Redis {
    return this.connect(subscriberOptions);
  }

  /** Logs a failure, but not each one: while Redis is unavailable, every command fails. */
  readonly logFailure = (error: unknown): void => {
    if (performance.now() - this.loggedAt < logIntervalMs) return;
    this.loggedAt = performance.now();
    this.log.warn({ err: error }, "Redis is unavailable; runs continue without it");
  };

  close(): void {
    for (const connection of this.connections) connection.disconnect();
  }

  private connect(options: RedisOptions): Redis {
    const connection = new Redis(this.config.url, {
      ...options,
      connectTimeout: commandTimeoutMs,
      retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
    });
    connection.on("error", this.logFailure);
    this.connections.add(connection);
    return connection;
  }
}
