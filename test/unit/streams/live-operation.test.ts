import type { WatchedOperation } from "../../../src/auth/operation-access";
import { ApiError } from "../../../src/errors";
import type { LiveConnection } from "../../../src/api/streams/live-connection";
import { LiveOperation } from "../../../src/api/streams/live-operation";

const lost = new ApiError("UNAUTHENTICATED", "This API key has been revoked.");

/** A connection that is authorized for this number of checks, and closed from then on. */
function connectionClosedAfter(checks: number) {
  let remaining = checks;
  const check = async () => {
    await Promise.resolve();
    if (remaining-- <= 0) throw lost;
  };
  const watch = jest.fn();
  const connection = {
    closed: new AbortController().signal,
    watch,
    get closeReason() {
      return remaining < 0 ? lost : undefined;
    },
    assertAuthorized: check,
    currentCaller: check,
  };
  return { operation: new LiveOperation(connection as unknown as LiveConnection), watch };
}

test.each([0, 1, 2])(
  "an operation whose rights are lost after %i checks is denied with the loss or admitted, and throws nothing",
  async (checks) => {
    const { operation, watch } = connectionClosedAfter(checks);
    const denials = await operation.admit({} as WatchedOperation, () => []);
    expect(denials).toEqual(watch.mock.calls.length === 0 ? [lost] : []);
    expect(await operation.loss()).toBe(checks < 2 ? lost : undefined);
  },
);
