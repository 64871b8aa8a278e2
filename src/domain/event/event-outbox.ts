import { type EntityManager, In, IsNull, Not } from "typeorm";
import type { AfterCommit } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { ApiKey } from "../api-key/api-key.entity";
import { App } from "../app/app.entity";
import { auditTargets } from "../audit/audit-action";
import type { AuditFollower, NewEntry } from "../audit/audit-log";
import { bodyOf, type EventSubject, eventTypes, type NewEvent } from "./event";
import { EventDelivery } from "./event-delivery.entity";

/** The events of an app that are not delivered yet. Those beyond it are dropped. */
const maxPending = 10_000;
/** Rows per statement. */
const batchSize = 250;

type ListeningApp = Pick<App, "id" | "name"> & { readonly eventHost: string };

/** Records the deliveries of events as part of the transactions of the changes that they are about. */
export class EventOutbox implements AuditFollower {
  /**
   * @param wake called after the commit; the dispatcher polls too, so a lost call only delays a delivery
   * @param onDropped called if an app has so many events pending that these are not posted
   */
  constructor(
    private readonly wake: () => void,
    private readonly onDropped: (appId: string, events: number) => void,
  ) {}

  async follow(manager: EntityManager, afterCommit: AfterCommit, entries: readonly NewEntry[]): Promise<void> {
    const events = entries.flatMap((entry) => eventOf(entry) ?? []);
    if (events.length > 0) await this.add(manager, afterCommit, events);
  }

  async add(manager: EntityManager, afterCommit: AfterCommit, events: readonly NewEvent[]): Promise<void> {
    const appIds = [...new Set(events.map(({ appId }) => appId))].sort();
    const found = await manager.find(App, {
      where: { id: In(appIds), eventHost: Not(IsNull()), deletedAt: IsNull() },
      select: { id: true, name: true, eventHost: true },
    });
    for (const app of found as ListeningApp[]) {
      const ofApp = events.filter(({ appId }) => appId === app.id);
      await this.addOf(manager, app, ofApp);
    }
    if (found.length > 0) afterCommit(this.wake);
  }

  private async addOf(manager: EntityManager, app: ListeningApp, events: readonly NewEvent[]): Promise<void> {
    const room = Math.max(0, maxPending - (await countPending(manager, app.id)));
    const dropped = events.length - room;
    if (dropped > 0) this.onDropped(app.id, dropped);
    const added = events.slice(0, room);
    for (let from = 0; from < added.length; from += batchSize) {
      const batch = added.slice(from, from + batchSize);
      const hints = await hintsOf(manager, batch);
      await manager.insert(
        EventDelivery,
        batch.map((event) => rowOf(app, event, hints.get(event.subject.id) ?? null)),
      );
    }
  }
}

function eventOf({ action, appId, target, actor, at = new Date(), occurrences }: NewEntry): NewEvent | undefined {
  const type = eventTypes[action];
  if (type === undefined || appId === null) return undefined;
  const subject = { type: auditTargets[action] as EventSubject["type"], id: target.id, name: target.name };
  return { appId, type, at, subject, actor, ...(occurrences !== undefined && { occurrences }) };
}

function rowOf(app: ListeningApp, event: NewEvent, hint: string | null): EventDelivery {
  const [id, now] = [newId(), new Date()];
  return {
    id,
    appId: app.id,
    type: event.type,
    body: bodyOf(id, app, event, hint),
    host: app.eventHost,
    status: "PENDING",
    attempts: [],
    failures: 0,
    version: 0,
    createdAt: now,
    begunAt: now,
    dueAt: now,
    claimedAt: null,
  };
}

/** Counts no more index entries than there may be. */
async function countPending(manager: EntityManager, appId: string): Promise<number> {
  const rows = `SELECT 1 AS present FROM event_delivery WHERE status = 'PENDING' AND appId = ? LIMIT ${maxPending}`;
  const [row] = await manager.query<{ used: number | string }[]>(`SELECT COUNT(*) AS used FROM (${rows}) AS pending`, [
    appId,
  ]);
  return Number(row?.used);
}

async function hintsOf(manager: EntityManager, events: readonly NewEvent[]): Promise<ReadonlyMap<string, string>> {
  const ids = events.flatMap(({ subject }) => (subject.type === "API_KEY" ? [subject.id] : []));
  if (ids.length === 0) return new Map();
  const keys = await manager.find(ApiKey, { where: { id: In(ids) }, select: { id: true, hint: true } });
  return new Map(keys.map(({ id, hint }) => [id, hint]));
}
