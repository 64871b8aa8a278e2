import { Redis, type RedisOptions } from "ioredis";
import type { Logger } from "pino";
import type { RedisConfig } from "./redis-config";

/** While Redis is unavailable, the log says so at this interval. */
const logIntervalMs = 60_000;
/** For commands and for connecting. */
const commandTimeoutMs = 5_000;
/** For commands that requests wait for. */
const requestTimeoutMs = 100;

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
  private isClosed = false;
  /** When each message was logged last. */
  private readonly loggedAt = new Map<string, number>();

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

  /** For commands that requests wait for. */
  openForRequests(): Redis {
    return this.connect({ ...publisherOptions, commandTimeout: requestTimeoutMs });
  }

  openSubscriber(): Redis {
    return this.connect(subscriberOptions);
  }

  /**
   * Logs a failure, but not each one: while Redis is unavailable, every command fails. Logs no more than its message:
   * the error of a command has its arguments, such as the password.
   */
  readonly logFailure = (error: unknown): void => {
    const fault = faultOfUrl(error, this.config.url);
    const message = fault ? `${fault}; runs continue without it` : "Redis is unavailable; runs continue without it";
    if (performance.now() - (this.loggedAt.get(message) ?? -Infinity) < logIntervalMs) return;
    this.loggedAt.set(message, performance.now());
    const details = { reason: error instanceof Error ? error.message : String(error) };
    if (fault === undefined) this.log.warn(details, message);
    else this.log.error(details, message);
  };

  close(): void {
    this.isClosed = true;
    for (const connection of this.connections) connection.disconnect();
  }

  private connect(options: RedisOptions): Redis {
    const connection = new Redis(this.config.url, {
      ...options,
      connectTimeout: commandTimeoutMs,
      // A connection that fails while it is closed would connect again.
      retryStrategy: (attempt) => (this.isClosed ? null : Math.min(attempt * 100, 2_000)),
    });
    connection.on("error", this.logFailure);
    this.connections.add(connection);
    return connection;
  }
}

const certificateErrors = /^(?:CERT_|DEPTH_ZERO_|ERR_TLS_CERT|SELF_SIGNED_|UNABLE_TO_)/;

/** @returns what is wrong with REDIS_URL; undefined if Redis is merely unavailable, as far as the error tells */
function faultOfUrl(error: unknown, url: string): string | undefined {
  const { name, message, code = "" } = error as Error & { readonly code?: string };
  if (name === "ParserError")
    return "REDIS_URL leads to a port that does not speak the protocol of Redis; behind TLS it begins with rediss://";
  if (/^(?:WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)/.test(message))
    return "Redis does not accept the user name and the password in REDIS_URL";
  if (/^ERR (?:DB index|invalid DB)/.test(message)) return "Redis does not have the database of REDIS_URL";
  if (!url.startsWith("rediss:")) return undefined;
  if (certificateErrors.test(code))
    return "The certificate of Redis can't be verified; NODE_EXTRA_CA_CERTS adds an authority";
  if (/^(?:EPROTO|ERR_SSL_|ECONNRESET|ETIMEDOUT)/.test(code))
    return "No TLS connection to Redis comes about; REDIS_URL begins with redis:// if its port does not speak TLS";
  return undefined;
}
