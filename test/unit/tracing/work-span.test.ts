import { SpanKind, WorkSpan } from "../../../src/platform/tracing/work-span";

test("without an SDK there is no span: its attributes are not computed, and its work is done as it is", () => {
  const span = WorkSpan.start("work", { kind: SpanKind.INTERNAL });
  expect(span).toBe(WorkSpan.none);
  const attributesOf = jest.fn(() => ({}));
  span.describe(attributesOf);
  span.fail("INTERNAL_SERVER_ERROR");
  expect(span.run(() => "done")).toBe("done");
  span.end();
  expect(attributesOf).not.toHaveBeenCalled();
});
