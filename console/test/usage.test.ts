import { csvOf } from "../src/screens/usage/csv";
import { impactOf } from "../src/screens/scope-editor/impact";

test("a text that a spreadsheet would take for a formula is marked as text", () => {
  expect(
    csvOf(
      ["key", "requests"],
      [
        ['=HYPERLINK("x")', 3],
        ["a,b", null],
      ],
    ),
  ).toBe('key,requests\r\n"\'=HYPERLINK(""x"")",3\r\n"a,b",\r\n');
});

test("only what keys of the scope were allowed, and would be refused, counts as an impact", () => {
  const requirements = [
    { operation: "Query" as const, field: "agents", description: "", requires: "VIEW" },
    { operation: "Mutation" as const, field: "executeAgent", description: "", requires: "RUN" },
  ];
  const row = { scopeId: "1", apiKeyId: "a", field: "Mutation.executeAgent", verdict: "ALLOWED", requests: 5 };
  const rows = [
    row,
    { ...row, apiKeyId: "b", requests: 2 },
    { ...row, verdict: "FORBIDDEN" },
    { ...row, scopeId: "2" },
    { ...row, field: "Query.agents" },
  ];
  const next = { agents: "VIEW", agentAccess: "ALL", runtime: [] };
  expect(impactOf(rows, "1", next, requirements)).toEqual([{ field: "Mutation.executeAgent", requests: 7, keys: 2 }]);
});
