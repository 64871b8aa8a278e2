import type { Random } from "../random";
import type { Instance } from "./instance";
import type { Assertions } from "./assertions";
import type { Probe, CredentialUnderTest } from "./credential-under-test";

/** The rate of requests to all instances together. */
const requestsPerSecond = 600;

/** Requests are sent at this interval, at most this number each time. */
const tickMs = 5;
const maxRequestsPerTick = 30;

/** No more random requests are sent to an instance with this many pending ones. */
const maxPendingPerInstance = 12;

/** The share of requests, in tenths, with rights that were revoked some time ago. */
const retiredTenths = 2;

const maxRetired = 2_000;

/** Sends probes to all instances continuously. */
export class LoadGenerator {
  /** Checks the responses of the requests that are sent from now on. */
  assertions: Assertions;
  private readonly active = new Set<Probe>();
  private readonly retired: Probe[] = [];
  private readonly pending = new Map<Instance, number>();
  private readonly timer: NodeJS.Timeout;
  private readonly startedAt = performance.now();
  private scheduled = 0;

  constructor(
    private readonly instances: readonly Instance[],
    private readonly random: Random,
    assertions: Assertions,
  ) {
    this.assertions = assertions;
    this.timer = setInterval(() => this.tick(), tickMs);
  }

  add({ revokedProbes, controlProbes }: CredentialUnderTest): void {
    for (const probe of [...revokedProbes, ...controlProbes]) this.active.add(probe);
  }

  /** Sends the revoked probes to all instances immediately, regardless of the limits. */
  probeAll({ revokedProbes }: CredentialUnderTest): void {
    for (const instance of this.instances) for (const probe of revokedProbes) void this.send(instance, probe);
  }

  /** Sends the probes of a credential less often from now on. */
  retire({ revokedProbes, controlProbes }: CredentialUnderTest): void {
    for (const probe of [...revokedProbes, ...controlProbes]) {
      this.active.delete(probe);
      this.retired.push(probe);
    }
    this.retired.splice(0, this.retired.length - maxRetired);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const due = Math.floor(((performance.now() - this.startedAt) / 1_000) * requestsPerSecond) - this.scheduled;
    // Requests above the limit are dropped, not postponed.
    this.scheduled += due;
    const active = [...this.active];
    for (let i = Math.min(due, maxRequestsPerTick); i > 0; i--) {
      const available = this.instances.filter(
        (instance) => !instance.isDead && (this.pending.get(instance) ?? 0) < maxPendingPerInstance,
      );
      const prefersRetired = active.length === 0 || this.random.integer(0, 10) < retiredTenths;
      const probes = prefersRetired && this.retired.length > 0 ? this.retired : active;
      if (available.length === 0 || probes.length === 0) return;
      void this.send(this.random.of(available), this.random.of(probes));
    }
  }

  private async send(instance: Instance, { credential, query, variables, rights }: Probe): Promise<void> {
    const { assertions } = this;
    this.pending.set(instance, (this.pending.get(instance) ?? 0) + 1);
    const response = await instance.client.send(credential, query, variables).catch(() => undefined);
    this.pending.set(instance, (this.pending.get(instance) ?? 0) - 1);
    assertions.checkResponse(`a request to instance ${instance.index}`, rights, response);
  }
}
