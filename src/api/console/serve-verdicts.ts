import type { FastifyInstance } from "fastify";
import { fairShareOf } from "../../auth/caller";
import type { StreamDependencies } from "../streams/execute-operation";
import { consolePath } from "./serve-console";

/** Tells whether an operation would be allowed, and each reason if not, without executing it. */
export function serveVerdicts(app: FastifyInstance, { liveConnections }: StreamDependencies): void {
  app.post(`${consolePath}/verdict`, async ({ body, caller }) => {
    await liveConnections.turns.next(fairShareOf(caller));
    const { errors = [] } = liveConnections.operations.prepare(body ?? {}, caller);
    return { allowed: errors.length === 0, errors };
  });
}
