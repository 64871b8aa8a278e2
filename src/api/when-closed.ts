import type { ServerResponse } from "node:http";

/** Calls an effect once a response has been sent, or its client has gone. `finished()` of Node.js takes longer. */
export function whenClosed(response: ServerResponse, effect: () => void): void {
  if (response.closed) effect();
  else response.once("close", effect);
}
