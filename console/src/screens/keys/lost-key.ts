import { request } from "../../api/client";
import { KeyByNameDocument } from "./operations.generated";

/** A key that the server has made although its answer did not arrive. */
export interface LostKey {
  readonly id: string;
  readonly createdAt: string;
}

const attempts = 5;
const pauseMs = 1_000;

/**
 * Looks for the active key of this name after an answer was lost; tries again for some seconds, as the connection may
 * still be broken.
 *
 * @returns null if there is none, or if nothing could be found out
 */
export async function findLostKey(appId: string, scopeId: string, name: string): Promise<LostKey | null> {
  const filter = { scopeId, search: name.trim(), status: "ACTIVE" as const };
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      const { apiKeys } = await request(KeyByNameDocument, { appId, filter });
      return apiKeys.nodes.find((key) => key.name === name.trim()) ?? null;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  return null;
}
