import { useSyncExternalStore } from "react";
import { consoleUrl } from "./place";

const pollIntervalMs = 2_000;

/** Whether the server can be reached, as far as the last request tells. */
class Connection {
  #isLost = false;
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly isLost = (): boolean => this.#isLost;

  succeeded(): void {
    if (this.#isLost) this.#set(false);
  }

  failed(): void {
    if (!this.#isLost) this.#set(true);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#probe(), pollIntervalMs);
  }

  async #probe(): Promise<void> {
    try {
      const response = await fetch(new URL("session", consoleUrl), { credentials: "same-origin" });
      if (response.status >= 502) this.failed();
      else this.succeeded();
    } catch {
      this.failed();
    }
  }

  #set(isLost: boolean): void {
    this.#isLost = isLost;
    for (const listener of this.#listeners) listener();
  }
}

export const connection = new Connection();
export const useIsConnectionLost = (): boolean => useSyncExternalStore(connection.subscribe, connection.isLost);
