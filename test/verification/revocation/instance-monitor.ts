/** What keeps an instance from doing what it promises. */
export type Trouble = "asleep" | "dead" | "database";

interface Spell {
  readonly trouble: Trouble;
  readonly from: number;
  to: number;
}

/** What has happened to an instance, by the clock of this process. */
export class InstanceMonitor {
  private readonly spells: Spell[] = [];

  begin(trouble: Trouble): void {
    this.spells.push({ trouble, from: performance.now(), to: Infinity });
  }

  end(trouble: Trouble): void {
    const spell = this.spells.findLast((each) => each.trouble === trouble && each.to === Infinity);
    if (spell) spell.to = performance.now();
  }

  has(trouble: Trouble): boolean {
    return this.spells.some((spell) => spell.trouble === trouble && spell.to === Infinity);
  }

  had(trouble: Trouble, from: number, to: number): boolean {
    return this.spells.some((spell) => spell.trouble === trouble && spell.from <= to && spell.to >= from);
  }

  /** From when on it could do what it was to do from the one time to the other: later where it was asleep meanwhile. */
  awakeFrom(from: number, to: number): number {
    const asleep = this.spells.filter((spell) => spell.trouble === "asleep" && spell.from < to && spell.to > from);
    return Math.max(from, ...asleep.map((spell) => spell.to));
  }
}
