import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { type EntityManager, In } from "typeorm";
import type { Database } from "../database/database";
import { newId } from "../database/ids";
import type { Duties, Instance, InstanceTimings } from "./instance";
import { InstanceRow } from "./instance.entity";

/**
 * One of several. Each counts up its own beat in the database, and watches those of the others. How long one was silent
 * is measured by the clock of who watches, which no adjustment of time moves: no two clocks are compared.
 */
export class ClusterInstance implements Instance {
  readonly hasOthers = true;
  private current = newId();
  private isRegistered = false;
  private beatenAt = performance.now();
  private lookedAt = performance.now();
  private readonly seen = new Map<string, { readonly beat: number; readonly since: number }>();
  private readonly closing = new AbortController();
  private work: Promise<unknown> = Promise.resolve();
  private watchdog: NodeJS.Timeout | undefined;

  constructor(
    private readonly db: Database,
    private readonly timings: InstanceTimings,
    private readonly log: Logger,
  ) {}

  get id(): string {
    return this.current;
  }

  open(): Promise<void> {
    return this.register();
  }

  start({ onLost, takeOver }: Duties): Promise<void> {
    this.watchdog = setInterval(() => {
      if (performance.now() - this.beatenAt > this.timings.selfLostAfterMs) this.lose(onLost);
    }, this.timings.heartbeatIntervalMs / 2).unref();
    // Apart, so that a takeover that has to wait holds up no beat.
    this.work = Promise.all([
      this.repeatedly(async () => {
        await this.beat(onLost);
        await this.watch();
      }),
      this.repeatedly(async () => {
        await takeOver();
      }),
    ]);
    return Promise.resolve();
  }

  isKnown(manager: EntityManager): Promise<boolean> {
    return manager.existsBy(InstanceRow, { id: this.current });
  }

  async deadAmong(ids: readonly (string | null)[]): Promise<ReadonlySet<string | null>> {
    const gone = new Set(ids);
    const named = [...gone].filter((id) => id !== null);
    if (named.length === 0) return gone;
    const living = await this.db.read.find(InstanceRow, { where: { id: In(named) }, select: { id: true } });
    for (const { id } of living) gone.delete(id);
    return gone;
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearInterval(this.watchdog);
    await this.work;
    await this.db
      .transaction((manager) => manager.delete(InstanceRow, { id: this.current }))
      .catch((error: unknown) => this.log.error({ err: error }, "could not say good-bye to the other instances"));
  }

  private async repeatedly(work: () => Promise<void>): Promise<void> {
    while (!this.closing.signal.aborted) {
      try {
        await work();
      } catch (error) {
        this.log.error({ err: error }, "could not keep in touch with the other instances");
      }
      await delay(this.timings.heartbeatIntervalMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
    }
  }

  private async beat(giveUp: () => void): Promise<void> {
    const { current } = this;
    if (!this.isRegistered) return this.register();

    const { affected } = await this.db.transaction((manager) =>
      manager.update(InstanceRow, { id: current }, { beat: () => "beat + 1" }),
    );
    if (current !== this.current) return;
    if (affected === 1) this.beatenAt = performance.now();
    else this.lose(giveUp);
  }

  private async register(): Promise<void> {
    const row = { id: this.current, beat: 0, startedAt: new Date() };
    await this.db.transaction((manager) => manager.insert(InstanceRow, row));
    this.isRegistered = true;
    this.beatenAt = performance.now();
    this.log.info({ instanceId: row.id }, "made itself known to the other instances");
  }

  /** Others may be at what bears this id, now or soon: it is given up, and all further work bears a new one. */
  private lose(giveUp: () => void): void {
    if (!this.isRegistered) return;
    this.isRegistered = false;
    const lost = this.current;
    this.current = newId();
    this.log.warn({ instanceId: lost }, "was silent for too long, and gives up what it was at");
    giveUp();
  }

  /** Strikes out those that have been silent for too long. */
  private async watch(): Promise<void> {
    const before = performance.now();
    // Who was stopped itself, or had no database, knows nothing about how long the others were silent.
    if (before - this.lookedAt > 3 * this.timings.heartbeatIntervalMs) this.seen.clear();
    const rows = await this.db.read.find(InstanceRow);
    this.lookedAt = performance.now();

    const found = new Set(rows.map(({ id }) => id));
    for (const id of this.seen.keys()) if (!found.has(id)) this.seen.delete(id);
    for (const { id, beat } of rows) {
      const known = this.seen.get(id);
      if (known?.beat !== beat) this.seen.set(id, { beat, since: this.lookedAt });
      else if (before - known.since > this.timings.deadAfterMs && id !== this.current) await this.expire(id, beat);
    }
  }

  private async expire(id: string, beat: number): Promise<void> {
    const { affected } = await this.db.transaction((manager) => manager.delete(InstanceRow, { id, beat }));
    if (affected) this.log.warn({ instanceId: id }, "an instance has been silent for too long, and is taken for dead");
  }
}
