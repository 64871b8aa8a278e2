import { parseEvent } from "../src/api/stream";
import { withEvent } from "../src/screens/sessions/timeline-entries";
import { afterEvent, newTurn } from "../src/screens/try/turn";

jest.mock("../src/api/place", () => ({ consoleUrl: new URL("http://localhost/console/") }));

test("an event of a stream has its name and its data, and a comment has neither", () => {
  expect(parseEvent('event: next\ndata: {"a":1}')).toEqual({ event: "next", data: '{"a":1}' });
  expect(parseEvent(":")).toEqual({ event: "", data: "" });
});

test("pieces of an answer that follow each other are one entry of the timeline", () => {
  const events = [
    { __typename: "RunStarted" as const, index: 0 },
    { __typename: "RunOutput" as const, index: 1, text: "The " },
    { __typename: "RunOutput" as const, index: 2, text: "end" },
    { __typename: "RunToolCall" as const, index: 3, callId: "1", name: "search", arguments: "{}" },
    { __typename: "RunOutput" as const, index: 4, text: "." },
  ];
  expect(events.reduce(withEvent, [])).toEqual([
    { kind: "started", first: 0, attempt: 1 },
    { kind: "output", first: 1, last: 2, text: "The end" },
    { kind: "call", first: 3, name: "search", text: "{}" },
    { kind: "output", first: 4, last: 4, text: "." },
  ]);
});

test("another attempt of a run makes its earlier output void", () => {
  const turn = [
    { __typename: "RunStarted" as const, index: 0 },
    { __typename: "RunOutput" as const, index: 1, text: "Half an ans" },
    { __typename: "RunStarted" as const, index: 2 },
    { __typename: "RunOutput" as const, index: 3, text: "An answer" },
  ].reduce(afterEvent, newTurn("?"));
  expect(turn).toMatchObject({ state: "running", answer: "An answer" });
});
