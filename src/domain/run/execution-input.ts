import { type EntityManager, In } from "typeorm";
import { badInput } from "../../errors";
import { Document } from "../document/document.entity";
import type { Session } from "../session/session.entity";
import type { ExecuteAgentInput } from "./run.input";

/** The text is stored twice: with the run, and as a message. */
export function storedBytes({ text, documentIds, metadata }: ExecuteAgentInput): number {
  const others = [documentIds, metadata].filter((value) => value != null);
  return 2 * Buffer.byteLength(text) + others.reduce((sum, each) => sum + Buffer.byteLength(JSON.stringify(each)), 0);
}

/** @throws BAD_USER_INPUT if a run names what is no document of its session */
export async function checkDocuments(
  manager: EntityManager,
  session: Session,
  { documentIds }: ExecuteAgentInput,
): Promise<void> {
  const ids = [...new Set(documentIds)];
  if (ids.length === 0) return;
  const found = await manager.countBy(Document, { id: In(ids), sessionId: session.id });
  if (found < ids.length) throw badInput({ field: "input.documentIds", message: "must be documents of the session" });
}
