export class ReadingFailed extends Error {
  readonly mimeType = "x";
}
export class Reader {
  async read(_p: string, _t: string): Promise<{ mimeType: string } | null> {
    return { mimeType: "text/plain" };
  }
  async close(): Promise<void> {}
}
