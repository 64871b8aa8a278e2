import { Socket as UdpSocket } from "node:dgram";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { Server, Socket } from "node:net";

/**
 * Takes the network and other processes away from a sandboxed process, before any other module is loaded. The permission
 * model of Node.js restricts the network only from version 25 on, and signals to other processes in none. HTTP and TLS are
 * built on these modules.
 */
const modules = ["dgram", "dns", "dns/promises", "net"];
const globals = ["fetch", "EventSource", "Request", "WebSocket", "XMLHttpRequest"];
const processMembers = ["_debugProcess", "_linkedBinding", "binding", "dlopen", "kill"];
/** Standard output is for the protocol. It would be a socket, whose class must not be in reach. */
const streams = ["stderr", "stdin", "stdout"];

class AccessDeniedError extends Error {
  readonly code = "ERR_ACCESS_DENIED";

  constructor() {
    super("A process that reads documents can't use this");
    this.name = "AccessDeniedError";
  }
}

// Not an arrow function, so that it can stand for a class.
function denied(): never {
  throw new AccessDeniedError();
}

function deny(target: object, names: readonly PropertyKey[], value: unknown = denied): void {
  for (const name of names) {
    // A few properties can be neither changed nor used for a connection.
    if (Reflect.getOwnPropertyDescriptor(target, name)?.configurable === false) Reflect.set(target, name, value);
    else Reflect.defineProperty(target, name, { value, writable: false, configurable: false });
  }
}

const load = createRequire(__filename);
// Objects of these classes that exist already, or that other classes extend.
deny(Socket.prototype, ["connect", "constructor"]);
deny(Server.prototype, ["listen", "constructor"]);
deny(UdpSocket.prototype, ["bind", "connect", "constructor", "send"]);
for (const name of modules) {
  const builtin = load(`node:${name}`) as object;
  deny(builtin, Reflect.ownKeys(builtin));
}
syncBuiltinESMExports();

deny(globalThis, globals);
deny(process, processMembers);
deny(process, streams, undefined);
for (const name of Object.keys(console)) Reflect.set(console, name, () => undefined);
