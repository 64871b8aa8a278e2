import {
  AgentAccess,
  describe as nameOf,
  everything,
  grantsOf,
  maskOf,
  type Permissions,
  permissionsOf,
  type Requirement,
  RuntimePermission,
  satisfies,
} from "../../../src/auth/permissions";

const levels = ["NONE", "VIEW", "EDIT", "FULL"] as const;
const runtimePermissions = ["RUN", "SESSION_CREATE", "SESSION_TERMINATE", "DOCUMENT_UPLOAD", "SESSION_VIEW"] as const;

const keyLevels = ["VIEW", "MANAGE"] as const;

/** Every combination of permissions that a scope can have. */
const scopes: readonly Permissions[] = levels.flatMap((agents) =>
  Array.from({ length: 32 }, (_, set) => ({
    agents,
    runtime: runtimePermissions.filter((_, i) => set & (1 << i)),
  })).flatMap((scope) => [scope, ...keyLevels.map((keys) => ({ ...scope, keys }))]),
);

const credential: Requirement = { kind: "credential" };
const admin: Requirement = { kind: "admin", roles: [] };
const agent = (level: "VIEW" | "EDIT" | "FULL"): Requirement => ({ kind: "agent", level });
const keys = (level: "VIEW" | "MANAGE"): Requirement => ({ kind: "keys", level });
const runtime = (...anyOf: RuntimePermission[]): Requirement => ({ kind: "runtime", anyOf });
const every: readonly Requirement[] = [
  credential,
  ...(["VIEW", "EDIT", "FULL"] as const).map(agent),
  ...keyLevels.map(keys),
  ...runtimePermissions.map((permission) => runtime(permission)),
];

const allows = (permissions: Permissions, requirement: Requirement) =>
  satisfies(grantsOf(permissions), maskOf(requirement));

test("the enums have exactly these permissions", () => {
  expect(Object.keys(AgentAccess)).toEqual(levels);
  expect(Object.keys(RuntimePermission)).toEqual(runtimePermissions);
});

test("each level allows what the levels before it allow, and nothing of the levels after it", () => {
  const allowed = levels.map((agents) =>
    (["VIEW", "EDIT", "FULL"] as const).filter((level) => allows({ agents, runtime: [] }, agent(level))),
  );
  expect(allowed).toEqual([[], ["VIEW"], ["VIEW", "EDIT"], ["VIEW", "EDIT", "FULL"]]);
});

test("a runtime permission includes no other permission, and no level includes it", () => {
  for (const permission of runtimePermissions) {
    const allowed = every.filter((requirement) => allows({ agents: "NONE", runtime: [permission] }, requirement));
    expect(allowed).toEqual([credential, runtime(permission)]);
  }
  for (const agents of levels) {
    const allowed = runtimePermissions.filter((permission) => allows({ agents, runtime: [] }, runtime(permission)));
    expect(allowed).toEqual([]);
  }
});

test("one of several accepted permissions is enough", () => {
  const requirement = runtime("SESSION_VIEW", "DOCUMENT_UPLOAD");
  const allowing = runtimePermissions.filter((permission) =>
    allows({ agents: "FULL", runtime: [permission] }, requirement),
  );
  expect(allowing).toEqual(["DOCUMENT_UPLOAD", "SESSION_VIEW"]);
});

test("no scope satisfies an administrator requirement, and an administrator satisfies every requirement", () => {
  expect(scopes.filter((scope) => allows(scope, admin))).toEqual([]);
  expect([...every, admin].filter((requirement) => !satisfies(everything, maskOf(requirement)))).toEqual([]);
});

test("a caller without grants satisfies only the requirement of a credential", () => {
  expect([...every, admin].filter((requirement) => satisfies(0, maskOf(requirement)))).toEqual([credential]);
});

test("a level on keys allows what it includes, and nothing else", () => {
  const allowed = keyLevels.map((level) =>
    every.filter((requirement) => allows({ agents: "NONE", runtime: [], keys: level }, requirement)),
  );
  expect(allowed).toEqual([
    [credential, keys("VIEW")],
    [credential, keys("VIEW"), keys("MANAGE")],
  ]);
  expect(allows({ agents: "FULL", runtime: runtimePermissions, keys: "NONE" }, keys("VIEW"))).toBe(false);
});

test.each(["view", "FULL", "EDIT", "", "toString", null])(
  "an unknown level on keys throws instead of granting nothing: %s",
  (level) => expect(() => grantsOf({ agents: "NONE", runtime: [], keys: level as "VIEW" })).toThrow("Unknown level"),
);

test("each of the 384 scopes survives the conversion to bits and back, and no two have the same bits", () => {
  expect(scopes.map((scope) => permissionsOf(grantsOf(scope)))).toEqual(scopes);
  expect(new Set(scopes.map(grantsOf)).size).toBe(384);
});

test("duplicates and the order of permissions make no difference", () => {
  const granted = grantsOf({ agents: "VIEW", runtime: ["SESSION_VIEW", "RUN", "SESSION_VIEW"] });
  expect(permissionsOf(granted)).toEqual({ agents: "VIEW", runtime: ["RUN", "SESSION_VIEW"] });
});

test.each(["view", "ADMIN", "RUN", "", "toString", "__proto__", undefined, null])(
  "an unknown level throws instead of granting nothing: %s",
  (agents) => expect(() => grantsOf({ agents: agents as AgentAccess, runtime: [] })).toThrow("Unknown level"),
);

test.each(["run", "ADMIN", "FULL", "", "toString", "__proto__", undefined, null])(
  "an unknown runtime permission throws instead of being dropped: %s",
  (permission) =>
    expect(() => grantsOf({ agents: "NONE", runtime: ["RUN", permission as RuntimePermission] })).toThrow(
      "Unknown runtime permission",
    ),
);

test("a requirement is described by the name that the schema and the errors use", () => {
  expect(
    [credential, admin, agent("EDIT"), keys("VIEW"), keys("MANAGE"), runtime("SESSION_VIEW", "DOCUMENT_UPLOAD")].map(
      nameOf,
    ),
  ).toEqual([
    "any",
    "admin",
    "EDIT",
    "admin or KEY_MANAGER or AUDITOR or VIEW on keys",
    "admin or KEY_MANAGER or MANAGE on keys",
    "SESSION_VIEW or DOCUMENT_UPLOAD",
  ]);
});
