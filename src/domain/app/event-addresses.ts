import type { EntityManager } from "typeorm";
import type { App } from "./app.entity";

/** The address of an app's events and the secret that signs them. */
export interface EventAddresses {
  /** @throws BAD_USER_INPUT if the URL is invalid or its address is not allowed */
  check(url: string | null | undefined): Promise<void>;
  /** The columns of the app's row that hold its URL. */
  columnsOf(appId: string, url: string | null | undefined): Pick<App, "eventUrl" | "eventHost">;
  /** @returns the secret that was made because the app has a URL and no secret yet; null if none was made */
  ensureSecret(manager: EntityManager, app: App): Promise<string | null>;
}
