// Prints the expressions of the dashboard as recording rules, for `promtool check rules`.
const { panels } = JSON.parse(require("node:fs").readFileSync("deploy/grafana-dashboard.json", "utf8"));
const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const rules = expressions.map((expr, i) => ({
  record: `dashboard:expression:${i}`,
  expr: expr.replaceAll("$__rate_interval", "5m").replaceAll("$instance", ".*"),
}));
// JSON is YAML.
process.stdout.write(`${JSON.stringify({ groups: [{ name: "dashboard", rules }] })}\n`);
