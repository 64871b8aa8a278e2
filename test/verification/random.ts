import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

/** Numbers that look random and come again with the same seed. What runs in parallel forks a source of its own. */
export class Random {
  private readonly source: RandomGenerator;

  constructor(seed: number) {
    this.source = xoroshiro128plus(seed);
  }

  /** At least `least` and below `bound`. */
  integer(least: number, bound: number): number {
    return uniformInt(this.source, least, bound - 1);
  }

  of<Item>(items: readonly Item[]): Item {
    const item = items[this.integer(0, items.length)];
    if (item === undefined) throw new RangeError("There is nothing to choose from");
    return item;
  }

  fork(): Random {
    return new Random(this.integer(0, 2 ** 31));
  }
}
