import { setTimeout as delay } from "node:timers/promises";
import type { EarlierMessage, Model, ModelChunk, ModelRequest } from "../../src/model/model";

/** Longer than the output buffer collects text, so that each word is a separate event. */
const wordIntervalMs = 40;

/**
 * A model that echoes the user's text word by word. It
 * - waits at each word `hold` until `release` is called or the run is aborted,
 * - fails at the word `fail`.
 */
export class TestModel implements Model {
  /** In the order of arrival. */
  readonly requests: (Omit<ModelRequest, "earlier"> & { readonly earlier: readonly EarlierMessage[] })[] = [];
  private readonly waiting = new Set<() => void>();

  async *answer(request: ModelRequest): AsyncIterable<ModelChunk> {
    this.requests.push({ ...request, earlier: await request.earlier() });
    for (const word of request.text.split(" ")) {
      if (word === "fail") throw new Error("the test model was told to fail");
      yield { kind: "text", text: `${word} ` };
      if (word === "hold") await this.wait(request.signal);
      else await delay(wordIntervalMs);
    }
  }

  /** The number of answers that wait at a `hold`. */
  get holding(): number {
    return this.waiting.size;
  }

  /** Resumes the answers that wait now. */
  release(): void {
    for (const resume of this.waiting) resume();
  }

  /** Resumes answers until none waits, so that a test leaves none to the next test. */
  async releaseAll(): Promise<void> {
    while (this.waiting.size > 0) {
      this.release();
      await delay(20);
    }
  }

  private wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.waiting.delete(resume);
        reject(new Error("the run was aborted"));
      };
      const resume = () => {
        signal.removeEventListener("abort", abort);
        this.waiting.delete(resume);
        resolve();
      };
      this.waiting.add(resume);
      signal.addEventListener("abort", abort);
      if (signal.aborted) abort();
    });
  }
}
