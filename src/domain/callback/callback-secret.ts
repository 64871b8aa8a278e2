import type { EntityManager } from "typeorm";
import { newId } from "../../platform/database/ids";
import type { Keyring } from "../../platform/secrets/keyring";
import { CallbackSecret, callbackSecretPlace } from "./callback-secret.entity";
import { newCallbackSecret } from "./signing";

/** Makes the current secret of an app. The caller has marked the one before it as replaced. */
export async function insertCallbackSecret(manager: EntityManager, keyring: Keyring, appId: string): Promise<string> {
  const [id, secret] = [newId(), newCallbackSecret()];
  const sealed = keyring.seal(secret, callbackSecretPlace({ id, appId }));
  await manager.insert(CallbackSecret, { id, appId, secret: sealed, createdAt: new Date(), replacedAt: null });
  return secret;
}
