import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random";
import type { TimedAnswer } from "../http-client";
import { literal } from "./administration";
import type { Instance } from "./instance";
import { administrator, type Testbed } from "./testbed";
import { narrowedPermissions } from "./fixture-pool";
import type { RevocationKind, CredentialUnderTest } from "./credential-under-test";

/** Another instance is tried after this time. deleteApp responds only after everything is deleted. */
const timeoutMsOf = (kind: RevocationKind): number => (kind === "deleteApp" ? 8_000 : 3_000);

const retryDelayMs = 50;

const mutationOf = ({ kind, holderId, scopeId, appId }: CredentialUnderTest): string => {
  switch (kind) {
    case "revokeApiKey":
      return `mutation { revokeApiKey(input: { id: ${literal(holderId)} }) { apiKey { status } } }`;
    case "updateScope":
      return `mutation { updateScope(input: { id: ${literal(scopeId)}, permissions: ${narrowedPermissions} }) { scope { id } } }`;
    case "deleteScope":
      return `mutation { deleteScope(input: { id: ${literal(scopeId)}, revokeKeys: true }) { id } }`;
    case "deleteApp":
      return `mutation { deleteApp(input: { id: ${literal(appId)} }) { id } }`;
    case "revokeAdministrator":
      return `mutation { revokeAdministrator(input: { id: ${literal(holderId)} }) { administrator { status } } }`;
    case "rotateAdministratorKey":
      return `mutation { rotateAdministratorKey(input: { id: ${literal(holderId)} }) { administrator { status } } }`;
  }
};

/**
 * Revokes rights: sends the mutation to random instances until one acknowledges it.
 *
 * @returns the instance that executed it; undefined if an earlier attempt without a response executed it
 */
export async function revoke(
  testbed: Testbed,
  credential: CredentialUnderTest,
  random: Random,
): Promise<Instance | undefined> {
  const { rights } = credential;
  const query = mutationOf(credential);
  for (let attempt = 1; ; attempt++) {
    const instance = random.of(testbed.instances);
    rights.sentAt = Math.min(rights.sentAt, performance.now());
    const response = await instance.client
      .send(administrator, query, undefined, { headersTimeout: timeoutMsOf(credential.kind) })
      .catch(() => undefined);
    const isAcknowledged = response && isSuccess(response);
    const wasDone = response && attempt > 1 && codeOf(response) === "NOT_FOUND";
    if (isAcknowledged || wasDone) {
      rights.answeredAt = response.ended;
      return isAcknowledged ? instance : undefined;
    }
    if (attempt === 200) throw new Error(`${query} failed ${attempt} times with ${JSON.stringify(response)}`);
    await delay(retryDelayMs);
  }
}

const isSuccess = ({ status, data, errors }: TimedAnswer): boolean => status === 200 && data != null && !errors;

const codeOf = ({ errors }: TimedAnswer): string | undefined => errors?.[0]?.extensions.code;
