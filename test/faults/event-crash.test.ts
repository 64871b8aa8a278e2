import { allowHosts } from "../support/allowed-hosts";
import { newListener, waitForEvents } from "../support/events";
import { useProcesses } from "../support/process";
import { Receiver } from "../support/receiver";
import { eventually } from "../support/runs";

const processes = useProcesses();
let receiver: Receiver;
beforeEach(async () => void (receiver = await Receiver.start()));
afterEach(() => receiver.stop());

test("each change that was answered before the server was killed has its event after the next start, once", async () => {
  const server = await processes.serve({ ...(await processes.fresh()), ...allowHosts("127.0.0.1") });
  const listener = await newListener(server, receiver);
  const { port } = receiver;
  await receiver.stop();

  const answered: string[] = [];
  const create = async () => {
    for (;;) answered.push(await listener.app.scope({ agents: "VIEW" }));
  };
  const writers = [create(), create(), create()].map((each) => each.catch(() => undefined));
  await eventually(() => answered.length >= 12);
  await server.end("SIGKILL");
  await Promise.all(writers);

  receiver = await Receiver.start(port);
  const dueNow = "UPDATE event_delivery SET dueAt = '2020-01-01 00:00:00.000' WHERE status = 'PENDING'";
  await server.sql(dueNow);
  await processes.serve(server.environment);
  const events = await waitForEvents(receiver, listener, "scope.created", answered.length);
  const told = events.map(({ data }) => data.subject.id as string);
  expect(told).toEqual(expect.arrayContaining(answered));
  expect(new Set(told).size).toBe(told.length);
  const stored = await server.sql(`SELECT id FROM scope WHERE appId = '${listener.app.id}'`);
  // Nor is there an event of a change that was not made.
  expect(stored.map(({ id }) => id)).toEqual(expect.arrayContaining(told));
});
