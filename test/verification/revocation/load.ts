import type { Random } from "../random";
import type { Instance } from "./instance";
import type { Assertions } from "./assertions";
import type { Question, CredentialUnderTest } from "./credential-under-test";

/** How many requests are begun in a second, at all instances together. */
const rate = 600;

/** How often that is done, in milliseconds, and how many at once at most. */
const tick = 5;
const atOnce = 30;

/** As many requests may wait for one instance; more are sent to it only where it matters. */
const mostWaiting = 12;

/** Out of ten requests, so many ask with rights that were taken away a while ago. */
const afterwards = 2;

/** So many of those are remembered. */
const mostRemembered = 2_000;

/** Clients that ask all instances all the time, with the keys of all subjects. */
export class Load {
  /** Who judges what is answered from now on. */
  judgement: Assertions;
  private readonly present = new Set<Question>();
  private readonly past: Question[] = [];
  private readonly waiting = new Map<Instance, number>();
  private readonly timer: NodeJS.Timeout;
  private readonly startedAt = performance.now();
  private begun = 0;

  constructor(
    private readonly instances: readonly Instance[],
    private readonly random: Random,
    judgement: Assertions,
  ) {
    this.judgement = judgement;
    this.timer = setInterval(() => this.go(), tick);
  }

  /** Begins to ask with its keys. */
  add({ lost, kept }: CredentialUnderTest): void {
    for (const question of [...lost, ...kept]) this.present.add(question);
  }

  /** Asks all instances at once with rights that have just been taken away. */
  insist({ lost }: CredentialUnderTest): void {
    for (const instance of this.instances) for (const question of lost) void this.ask(instance, question);
  }

  /** Asks with its keys only now and then any more. */
  retire({ lost, kept }: CredentialUnderTest): void {
    for (const question of [...lost, ...kept]) {
      this.present.delete(question);
      this.past.push(question);
    }
    this.past.splice(0, this.past.length - mostRemembered);
  }

  end(): void {
    clearInterval(this.timer);
  }

  private go(): void {
    const due = Math.floor(((performance.now() - this.startedAt) / 1_000) * rate) - this.begun;
    // What could not be begun in time is not made up for.
    this.begun += due;
    const present = [...this.present];
    for (let i = Math.min(due, atOnce); i > 0; i--) {
      const free = this.instances.filter(
        (instance) => !instance.isDead && (this.waiting.get(instance) ?? 0) < mostWaiting,
      );
      const isPast = present.length === 0 || this.random.integer(0, 10) < afterwards;
      const questions = isPast && this.past.length > 0 ? this.past : present;
      if (free.length === 0 || questions.length === 0) return;
      void this.ask(this.random.of(free), this.random.of(questions));
    }
  }

  private async ask(instance: Instance, { credential, query, variables, rights }: Question): Promise<void> {
    const { judgement } = this;
    this.waiting.set(instance, (this.waiting.get(instance) ?? 0) + 1);
    const answer = await instance.door.send(credential, query, variables).catch(() => undefined);
    this.waiting.set(instance, (this.waiting.get(instance) ?? 0) - 1);
    judgement.answered(`a request at instance ${instance.index}`, rights, answer);
  }
}
