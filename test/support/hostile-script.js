// A document that has taken over the process that reads it would try these. The script prints the code of each refusal.
const fs = require("node:fs");

const attempts = {
  "read a file of the machine": () => fs.readFileSync("/etc/hostname"),
  "read the server's files": () => fs.readdirSync(process.cwd()),
  "read its environment": () => fs.readFileSync("/proc/self/environ"),
  "write a file": () => fs.writeFileSync(`${__dirname}/written`, ""),
  "start a process": () => require("node:child_process").execSync("id"),
  "start a thread": () => new (require("node:worker_threads").Worker)("1", { eval: true }),
  "load a native module": () => process.dlopen({ exports: {} }, "/usr/lib/libc.so"),
  "use an internal binding": () => process.binding("tcp_wrap"),
  "kill the server": () => process.kill(process.ppid, 0),
  "open a debugger": () => require("node:inspector").open(0),
  "connect by TCP": (port) => require("node:net").connect(port, "127.0.0.1"),
  "connect a socket": (port) => new (require("node:net").Socket)().connect(port, "127.0.0.1"),
  "connect by a builtin module": (port) => process.getBuiltinModule("node:net").connect(port, "127.0.0.1"),
  "connect by an imported module": async (port) => (await import("node:net")).connect(port, "127.0.0.1"),
  "connect by HTTP": (port) => require("node:http").get(`http://127.0.0.1:${port}`),
  "connect by an HTTP agent": (port) => require("node:http").globalAgent.createConnection({ port }),
  "connect by fetch": (port) => globalThis.fetch(`http://127.0.0.1:${port}`),
  "send by UDP": (port) => require("node:dgram").createSocket("udp4").send("x", port, "127.0.0.1"),
  "look up a name": () => require("node:dns").promises.resolve4("localhost"),
  "look up a name by promises": () => require("node:dns/promises").lookup("localhost"),
  listen: () => require("node:net").createServer().listen(0),
  "listen by HTTP": () => require("node:http").createServer().listen(0),
};

(async () => {
  const port = Number(process.argv[2]);
  const results = { environment: Object.keys(process.env), document: fs.readFileSync(0, "utf8") };
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      await attempt(port);
      results[name] = "allowed";
    } catch (error) {
      results[name] = error.code ?? error.name;
    }
  }
  fs.writeSync(1, JSON.stringify(results));
})();
