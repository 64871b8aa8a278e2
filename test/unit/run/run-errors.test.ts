import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { GraphQLObjectType } from "graphql";
import { createSchema } from "../../../src/api/graphql/schema";
import { readConfig } from "../../../src/config";
import { runErrors } from "../../../src/domain/run/run-errors";

const codes = Object.keys(runErrors);
const src = join(__dirname, "../../../src");
const sources = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith("run-errors.ts"))
  .map((file) => readFileSync(join(src, file), "utf8"))
  .join("\n");

test("the table of run errors has every code that the source fails a run with, and no other", () => {
  const used = [...sources.matchAll(/\b(?:new ModelError|failure)\(\s*"([A-Z_]+)"/g)].map(([, code]) => code);
  expect(used.length).toBeGreaterThan(8);
  expect(used.filter((code) => !codes.includes(code ?? ""))).toEqual([]);
  expect(codes.filter((code) => !sources.includes(`"${code}"`))).toEqual([]);
});

test("the schema lists every code of a run's error", () => {
  const { code } = (createSchema(readConfig({}).limits).getType("RunError") as GraphQLObjectType).getFields();
  expect(code?.description?.match(/\b[A-Z]+(?:_[A-Z]+)*(?=[,.])/g)).toEqual(codes);
});
