import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Creates a temporary folder for each test, and removes it afterwards. */
export function useFolder(): { readonly path: string } {
  const folder = { path: "" };
  beforeEach(async () => {
    folder.path = await mkdtemp(join(tmpdir(), "latchkey-test-"));
  });
  afterEach(() => rm(folder.path, { recursive: true, force: true }));
  return folder;
}
