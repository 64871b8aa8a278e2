import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Balancer } from "./balancer";
import { Cluster } from "./cluster";

const serverCount = 3;

/** The port of the load balancer if PORT is not set. */
const defaultPort = "4000";

/** Starts a cluster for manual tests, prints its URLs, and removes it on SIGINT or SIGTERM. */
async function main(): Promise<void> {
  const signalled = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const adminKey = randomBytes(24).toString("base64url");
  const {
    PORT = defaultPort,
    MODEL_ALLOWED_HOSTS = "",
    TOOL_ALLOWED_HOSTS = "",
    CALLBACK_ALLOWED_HOSTS = "",
  } = process.env;
  print(`Starting MariaDB, Redis and ${serverCount} servers ...`);
  const cluster = await Cluster.start({
    servers: serverCount,
    adminKey,
    environment: { LOG_LEVEL: "warn", MODEL_ALLOWED_HOSTS, TOOL_ALLOWED_HOSTS, CALLBACK_ALLOWED_HOSTS },
  });
  let isStopping = false;
  try {
    const origins = cluster.servers.map(({ origin }) => origin);
    const balancer = await Balancer.start(origins, Number(PORT));
    for (const [index, server] of cluster.servers.entries()) {
      void server.exited.then(() => {
        if (!isStopping)
          print(`Server ${index + 1} exited unexpectedly with ${server.exit}.\n${server.stderr.slice(-2_000)}`);
      });
    }
    print(banner(balancer.origin, origins, adminKey));
    await signalled;
    isStopping = true;
    await balancer.stop();
  } finally {
    isStopping = true;
    await cluster.end();
  }
}

const banner = (balancer: string, origins: readonly string[], adminKey: string): string => `
Three Latchkey servers are ready.

  API        ${balancer}/graphql (load balancer)
${origins.map((origin, index) => `  Server ${index + 1}   ${origin}/graphql`).join("\n")}
  Sandbox    ${balancer}/graphql (open it in a browser)
  Admin key  ${adminKey}

Try it:

  curl -s ${balancer}/graphql \\
    -H "authorization: Bearer ${adminKey}" \\
    -H 'content-type: application/json' \\
    -d '{"query": "{ viewer { kind name } }"}'

Press Ctrl-C to stop. All data is deleted.
`;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`The cluster could not start. ${(error as Error).message}\n`);
    process.exit(1);
  },
);
