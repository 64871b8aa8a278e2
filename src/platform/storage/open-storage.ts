import { join } from "node:path";
import { asStartupError } from "../process/startup-error";
import type { DocumentStorage } from "./document-storage";
import { FolderStorage } from "./folder-storage";
import type { S3Credentials, S3Location } from "./s3-location";

export type StorageConfig =
  | { readonly type: "folder" }
  | { readonly type: "s3"; readonly location: S3Location; readonly credentials: S3Credentials };

/** Opens the storage of documents. With S3, the data directory has only the local cache. */
export async function openStorage(config: StorageConfig, dataDir: string): Promise<DocumentStorage> {
  if (config.type === "folder") {
    const storage = new FolderStorage(join(dataDir, "documents"));
    await storage.open().catch(asStartupError("The data directory (DATA_DIR) can't be used"));
    return storage;
  }
  const { ObjectStorage } = await import("./object-storage.js");
  const { S3Bucket } = await import("./s3-bucket.js");
  const storage = new ObjectStorage(new S3Bucket(config.location, config.credentials), join(dataDir, "copies"));
  await storage.open().catch(asStartupError("The store of documents (STORAGE_URL) can't be used"));
  return storage;
}
