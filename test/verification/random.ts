import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

/** A pseudorandom number generator. Concurrent code uses forks, so that each sequence depends only on the seed. */
export class Random {
  private readonly source: RandomGenerator;

  constructor(seed: number) {
    this.source = xoroshiro128plus(seed);
  }

  /** From `min` inclusive to `bound` exclusive. */
  integer(min: number, bound: number): number {
    return uniformInt(this.source, min, bound - 1);
  }

  /** @throws {RangeError} if there are no items */
  of<Item>(items: readonly Item[]): Item {
    const item = items[this.integer(0, items.length)];
    if (item === undefined) throw new RangeError("Cannot choose from an empty list");
    return item;
  }

  fork(): Random {
    return new Random(this.integer(0, 2 ** 31));
  }
}
