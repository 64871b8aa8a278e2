import fc from "fast-check";
import { excessOf, type ScopeRights } from "../../../src/auth/delegation";

const runtime = ["RUN", "SESSION_CREATE", "SESSION_TERMINATE", "DOCUMENT_UPLOAD", "SESSION_VIEW"] as const;
const rights: fc.Arbitrary<ScopeRights> = fc
  .record({
    agents: fc.constantFrom("NONE", "VIEW", "EDIT", "FULL"),
    runtime: fc.subarray([...runtime]),
    sessions: fc.constantFrom("APP", "OWN"),
    agentAccess: fc.constantFrom("ALL", "SELECTED"),
    agentIds: fc.subarray(["a", "b"]),
    keys: fc.constantFrom("NONE", "VIEW", "MANAGE", "MANAGE"),
  })
  .map((each) => ({ ...each, agentIds: each.agentAccess === "ALL" ? [] : each.agentIds }));
/** Few rights, so that one is often within another. */
const few = rights.map((each) => ({ ...each, runtime: each.runtime.slice(0, 1) }));

const mayManage = (own: ScopeRights, other: ScopeRights) => own.keys === "MANAGE" && excessOf(other, own).length === 0;

test("what a key may manage over others it may manage itself, and never does the way lead back to its own scope", () => {
  let chains = 0;
  const property = fc.property(few, few, few, (first, second, third) => {
    if (!mayManage(first, second)) return;
    expect(mayManage(second, first)).toBe(false);
    if (!mayManage(second, third)) return;
    chains += 1;
    expect(mayManage(first, third)).toBe(true);
    expect(mayManage(third, first)).toBe(false);
  });
  fc.assert(property, { numRuns: 50_000 });
  expect(chains).toBeGreaterThan(30);
});

test("a scope has nothing in excess of itself but sessions of its own, and MANAGE on keys", () => {
  const property = fc.property(rights, (each) => {
    const own = each.sessions === "OWN" && each.runtime.length > 0 ? ["sessions APP"] : [];
    const expected =
      own.length === 0 && each.keys === "MANAGE" ? ["MANAGE on keys of a scope that grants as much"] : own;
    expect(excessOf(each, each)).toEqual(expected);
  });
  fc.assert(property);
});

test("each right beyond those of the other scope is named", () => {
  const nothing: ScopeRights = {
    ...{ agents: "NONE", runtime: [], sessions: "OWN", agentAccess: "SELECTED", agentIds: [], keys: "MANAGE" },
  };
  const all: ScopeRights = {
    ...{ agents: "FULL", runtime, sessions: "APP", agentAccess: "ALL", agentIds: [], keys: "VIEW" },
  };
  expect(excessOf(all, nothing)).toEqual(["FULL", ...runtime, "sessions APP", "agentAccess ALL"]);
  expect(excessOf({ ...nothing, agentIds: ["a"] }, nothing)).toEqual(["agents that it has not selected"]);
  expect(excessOf({ ...nothing, agentIds: ["a"] }, all)).toEqual(["MANAGE on keys"]);
});
