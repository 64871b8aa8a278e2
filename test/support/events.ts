import { randomUUID } from "node:crypto";
import type { Client } from "./client";
import { type Behaviour, type Receiver, verified } from "./receiver";
import { eventually } from "./runs";
import { type Host, TestApp } from "./test-app";

/** An app whose events are posted to a path of the receiver that no other app uses. */
export interface Listener {
  readonly app: TestApp;
  readonly secret: string;
  readonly path: string;
}

export async function newListener(
  server: Host,
  receiver: Receiver,
  input: object = {},
  ...behaviours: Behaviour[]
): Promise<Listener> {
  const path = `/${randomUUID()}`;
  const eventUrl = receiver.url(path, ...behaviours);
  const { createApp } = await server.admin.data(
    `mutation ($input: CreateAppInput!) { createApp(input: $input) { callbackSecret app { id } } }`,
    { input: { name: `app ${path}`, eventUrl, ...input } },
  );
  return { app: new TestApp(server, createApp.app.id as string), secret: createApp.callbackSecret as string, path };
}

/** The events of a listener so far, each verified and once, oldest first. */
export function eventsAt(receiver: Receiver, { path, secret }: Pick<Listener, "path" | "secret">): any[] {
  const events = receiver.at(path).map((received) => {
    const event = verified(received, secret);
    expect(received.headers["webhook-id"]).toBe(event.id);
    return event;
  });
  const byId = new Map(events.map((event) => [event.id, event]));
  return [...byId.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** Waits until a listener has events of a type. @returns those of the type */
export async function waitForEvents(
  receiver: Receiver,
  listener: Pick<Listener, "path" | "secret">,
  type: string,
  count = 1,
): Promise<any[]> {
  const found = () => eventsAt(receiver, listener).filter((event) => event.type === type);
  await eventually(() => found().length >= count);
  return found();
}

export async function eventDeliveries(admin: Client, appId: string): Promise<any[]> {
  const query = `query ($appId: ID!) {
    eventDeliveries(appId: $appId, first: 50) {
      nodes { id type body status nextAttemptAt attempts { httpStatus error } }
    }
  }`;
  return (await admin.data(query, { appId })).eventDeliveries.nodes;
}
