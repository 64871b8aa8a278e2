import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { LeakedKeys } from "../../domain/api-key/leaked-keys";
import { badInput, rateLimited } from "../../errors";
import { clientAddressOf, networkOf } from "../../platform/inbound/client-address";
import type { RateCounter } from "../../platform/rates/rate-counter";
import type { TrustedProxies } from "../../platform/inbound/trusted-proxies";

const maxSecrets = 100;
const maxSecretChars = 200;
const bodyLimit = 32_000;
/** Per address. */
const maxReportsPerMinute = 30;
const windowSeconds = 60;
/** Addresses share this many counters, so that their number does not grow with the number of addresses. */
const maxCounters = 65_536;

const bodySchema = z.object({ secrets: z.array(z.string().max(maxSecretChars)).min(1).max(maxSecrets) });

/**
 * Serves the reports of leaked secrets, which need no credential: a scanner that finds a secret can have its key revoked
 * immediately. The answer is always the same, so that it tells nothing about secrets.
 */
export function serveLeakedKeys(
  app: FastifyInstance,
  leakedKeys: LeakedKeys,
  rateCounter: RateCounter,
  proxies: TrustedProxies,
): void {
  app.route({
    method: "POST",
    url: "/leaked-keys",
    bodyLimit,
    onRequest: (request) => limitReports(request, rateCounter, proxies),
    async handler(request, reply) {
      const body = bodySchema.safeParse(request.body);
      if (!body.success) {
        const message = `must be a list of 1 to ${maxSecrets} texts of at most ${maxSecretChars} characters`;
        throw badInput({ field: "secrets", message });
      }
      await leakedKeys.revoke(body.data.secrets, {
        address: clientAddressOf(request.raw, proxies),
        requestId: request.id,
      });
      return reply.code(202).send({ status: "received" });
    },
  });
}

/** @throws RATE_LIMITED */
async function limitReports(request: FastifyRequest, counter: RateCounter, proxies: TrustedProxies): Promise<void> {
  const network = networkOf(clientAddressOf(request.raw, proxies));
  const name = `leaks:${createHash("sha256").update(network).digest().readUInt32BE() % maxCounters}`;
  const { points, resetMs } = await counter.use(name, 1, windowSeconds);
  if (points > maxReportsPerMinute)
    throw rateLimited(`Your address may report leaked keys ${maxReportsPerMinute} times a minute.`, resetMs);
}
