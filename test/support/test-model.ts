import { setTimeout as delay } from "node:timers/promises";
import type { Model, ModelChunk, ModelRequest } from "../../src/model/model";

/** Longer than what is said is gathered for, so that each word is an event. In milliseconds. */
const pause = 40;

/**
 * A model for tests of what is around models. It answers word by word with what it is told, but
 * - waits at each word `hold` until `release` is called, or the run is given up,
 * - fails at the word `fail`.
 */
export class TestModel implements Model {
  /** What it was asked, in the order in which it was asked. */
  readonly requests: ModelRequest[] = [];
  private readonly held = new Set<() => void>();

  async *answer(request: ModelRequest): AsyncIterable<ModelChunk> {
    this.requests.push(request);
    for (const word of request.text.split(" ")) {
      if (word === "fail") throw new Error("the test model was told to fail");
      yield { kind: "text", text: `${word} ` };
      if (word === "hold") await this.wait(request.signal);
      else await delay(pause);
    }
  }

  /** How many wait at this moment. */
  get holding(): number {
    return this.held.size;
  }

  /** Lets everybody go on who waits at this moment. */
  release(): void {
    for (const go of this.held) go();
  }

  /** So that what one test has left waiting is not in the way of the next. */
  async releaseAll(): Promise<void> {
    while (this.held.size > 0) {
      this.release();
      await delay(20);
    }
  }

  private wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.held.delete(go);
        reject(new Error("given up"));
      };
      const go = () => {
        signal.removeEventListener("abort", giveUp);
        this.held.delete(go);
        resolve();
      };
      this.held.add(go);
      signal.addEventListener("abort", giveUp);
      if (signal.aborted) giveUp();
    });
  }
}
