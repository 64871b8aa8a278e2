import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Balancer } from "./balancer";
import { Cluster } from "./cluster";

const servers = 3;

/** Where the one address in front is, unless PORT says otherwise. */
const usualPort = "4000";

/** Starts a cluster for trying out, says where it is, and ends it with everything that it kept when it is told to stop. */
async function main(): Promise<void> {
  const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const adminKey = randomBytes(24).toString("base64url");
  const { PORT = usualPort, MODEL_ALLOWED_HOSTS = "" } = process.env;
  print(`Starting MariaDB, Redis and ${servers} servers ...`);
  const cluster = await Cluster.start({ servers, adminKey, environment: { LOG_LEVEL: "warn", MODEL_ALLOWED_HOSTS } });
  let isEnding = false;
  try {
    const origins = cluster.servers.map(({ origin }) => origin);
    const balancer = await Balancer.start(origins, Number(PORT));
    for (const [index, server] of cluster.servers.entries()) {
      void server.exited.then(() => {
        if (!isEnding) print(`Server ${index + 1} has ended with ${server.exit}.\n${server.stderr.slice(-2_000)}`);
      });
    }
    print(welcome(balancer.origin, origins, adminKey));
    await stopped;
    isEnding = true;
    await balancer.stop();
  } finally {
    isEnding = true;
    await cluster.end();
  }
}

const welcome = (front: string, origins: readonly string[], adminKey: string): string => `
Latchkey is ready, three times.

  API        ${front}/graphql (each connection goes to the next server)
${origins.map((origin, index) => `  Server ${index + 1}   ${origin}/graphql`).join("\n")}
  Sandbox    ${front}/graphql (open it in a browser)
  Admin key  ${adminKey}

Try it:

  curl -s ${front}/graphql \\
    -H "authorization: Bearer ${adminKey}" \\
    -H 'content-type: application/json' \\
    -d '{"query": "{ viewer { kind name } }"}'

Ctrl-C ends it, and nothing of it is kept.
`;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`The cluster could not start. ${(error as Error).message}\n`);
    process.exit(1);
  },
);
