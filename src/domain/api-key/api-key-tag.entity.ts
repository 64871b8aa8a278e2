import { Entity, type EntityManager, PrimaryColumn } from "typeorm";
import { PrimaryIdColumn } from "../../platform/database/columns";
import { maxTagChars } from "../scope/tags";
import type { ApiKey } from "./api-key.entity";

/** A tag of a key, to find the key by. The key has its tags too, so that a list of keys takes no further statement. */
@Entity("api_key_tag")
export class ApiKeyTag {
  @PrimaryIdColumn()
  readonly appId!: string;

  @PrimaryColumn({ type: "varchar", length: maxTagChars })
  readonly tag!: string;

  @PrimaryIdColumn()
  readonly apiKeyId!: string;
}

/** Makes a key, which has none yet, found by its tags. */
export async function insertTags(manager: EntityManager, { id, appId, tags }: ApiKey): Promise<void> {
  const rows = tags.map((tag) => ({ appId, tag, apiKeyId: id }));
  if (rows.length > 0) await manager.insert(ApiKeyTag, rows);
}
