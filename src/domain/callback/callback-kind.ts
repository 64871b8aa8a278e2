import type { Logger } from "pino";
import { type Keyring, SecretUnreadableError } from "../../platform/secrets/keyring";
import { openSecret, type SecretColumn, type SecretRow } from "../../platform/secrets/secret-column";
import { CallbackDelivery, callbackUrlColumn } from "./callback-delivery.entity";
import type { DeliveryKind } from "./dispatcher";
import { lostDeliveries } from "./lost-deliveries";

/** @param payloadOf the body for a run, or undefined if the run was deleted */
export const callbackKind = (
  payloadOf: (runId: string) => Promise<string | undefined>,
  keyring: Keyring,
  log: Logger,
): DeliveryKind<CallbackDelivery> => ({
  entity: CallbackDelivery,
  name: "callback",
  async contentOf(delivery) {
    const body = await payloadOf(delivery.runId);
    return body === undefined ? undefined : { body, url: openUrl(keyring, callbackUrlColumn, delivery, log) };
  },
  cancelledAmong: lostDeliveries,
});

/** @returns undefined if the URL can't be decrypted */
export function openUrl<Row extends { readonly id: string }>(
  keyring: Keyring,
  column: SecretColumn<Row & SecretRow>,
  row: Row,
  log: Logger,
): string | undefined {
  try {
    return openSecret(keyring, column, row as Row & SecretRow);
  } catch (error) {
    if (!(error instanceof SecretUnreadableError)) throw error;
    log.error({ id: row.id, reason: error.reason }, "failed to decrypt the URL of a webhook");
    return undefined;
  }
}
