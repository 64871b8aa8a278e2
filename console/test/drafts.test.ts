import { changesBetween, emptyDraft, inputOf, type ScopeDraft } from "../src/screens/scope-editor/draft";

test("a change says whether keys may do more or less after it", () => {
  const before = { ...emptyDraft, name: "Web", permissions: { ...emptyDraft.permissions, agents: "EDIT" as const } };
  const after = {
    ...before,
    addresses: "10.0.0.0/8",
    permissions: { ...before.permissions, agents: "VIEW" as const, runtime: ["RUN" as const] },
  };
  expect(changesBetween(before, after)).toEqual([
    { what: "Agents", before: "Edit", after: "View", effect: "less" },
    { what: "Run API", before: "not granted", after: "granted", effect: "more" },
    { what: "Addresses", before: "any address", after: "10.0.0.0/8", effect: "less" },
  ]);
});

test("nothing is a change that is the same for the server", () => {
  const before = { ...emptyDraft, tags: "a, b", addresses: "10.0.0.1" };
  expect(changesBetween(before, { ...before, tags: "a,b", addresses: "10.0.0.1\n" })).toEqual([]);
});

test("a limit that is raised or removed is wider, one that is set or lowered narrower", () => {
  const draft = (tokensPerDay: string) => ({ ...emptyDraft, limits: { ...emptyDraft.limits, tokensPerDay } });
  const effect = (before: string, after: string) => changesBetween(draft(before), draft(after))[0]?.effect;
  expect([effect("", "10"), effect("10", "5"), effect("5", "10"), effect("10", "")]).toEqual([
    "less",
    "less",
    "more",
    "more",
  ]);
});

test("agents are sent only with a selection", () => {
  const permissions = { ...emptyDraft.permissions, agentIds: ["1"] };
  expect(inputOf({ ...emptyDraft, permissions }).permissions.agentIds).toEqual([]);
  expect(
    inputOf({ ...emptyDraft, permissions: { ...permissions, agentAccess: "SELECTED" } }).permissions.agentIds,
  ).toEqual(["1"]);
});

test("the level on keys is sent, and told as a change", () => {
  const after: ScopeDraft = { ...emptyDraft, permissions: { ...emptyDraft.permissions, keys: "MANAGE" } };
  expect(inputOf(after).permissions.keys).toBe("MANAGE");
  expect(changesBetween(emptyDraft, after)).toEqual([
    { what: "Keys", before: "None", after: "Manage", effect: "more" },
  ]);
});
