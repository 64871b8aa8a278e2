import { readFileSync } from "node:fs";
import { configurationTable } from "../../src/config/variables";

test("docker-compose.yml hands on every variable of the configuration to every process, or the image sets it", () => {
  const compose = readFileSync("docker-compose.yml", "utf8");
  const [, block = ""] = /^x-environment: &environment\n((?: .*\n)+)/m.exec(compose) ?? [];
  const handedOn = [...block.matchAll(/^ {2}([A-Z_]+): (.+)$/gm)];
  const ofImage = [...readFileSync("Dockerfile", "utf8").matchAll(/\b([A-Z_]+)=/g)].map(([, name]) => name);
  // The connections of the services are fixed: each has its database, and only the cluster has Redis.
  const ofServices = ["DATABASE_URL", "REDIS_URL"];
  for (const name of Object.keys(configurationTable)) {
    const value = handedOn.find(([, each]) => each === name)?.[2];
    if (ofServices.includes(name)) expect(compose).toContain(`    ${name}: `);
    else if (ofImage.includes(name)) expect([name, value]).toEqual([name, undefined]);
    else expect([name, value?.replace(/:[-?][^}]*/, "")]).toEqual([name, `\${${name}}`]);
  }
  const [instance = "", server = ""] = [/^x-instance:[^]*?\n\n/m, /^ {2}server:\n[^]*?\n\n/m].map(
    (block) => block.exec(compose)?.[0] ?? "",
  );
  expect(instance).toContain("<<: *environment");
  expect(server).toContain("environment: *environment");
});
