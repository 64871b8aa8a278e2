/** One row of a proof's table: what was tried under one fault, and what came of it. */
export interface Finding {
  readonly fault: string;
  readonly trials: number;
  readonly violations: number;
  /** The greatest figure that the promise bounds, with its unit; what it is, the proof's column says. */
  readonly worst: string;
}

/** What a proof is told on the command line. */
export interface VerificationOptions {
  /** Repeats what was random. */
  readonly seed: number;
  /** How often each thing is tried; where left out, the short form. */
  readonly trials: number | undefined;
  /** How long it may take at most, where given: what was not tried by then is left out, and the table says so. */
  readonly minutes: number | undefined;
  readonly database: "sqlite" | "mysql";
  /** Which fault is put into the server, to show that the proof finds it. */
  readonly broken: string | undefined;
  /** Which of the cases of the seed is to be tried alone, as a counterexample has named it. */
  readonly path: string | undefined;
}

/** A program that tries to break one promise. */
export interface VerificationProgram {
  readonly name: string;
  /** What must hold, in one sentence. */
  readonly promise: string;
  /** The databases that it can be run on, the one without being asked first. */
  readonly databases: readonly VerificationOptions["database"][];
  /** What the last column tells. */
  readonly worst: string;
  /** The faults that can be put into the server, and what each does. */
  readonly broken: Readonly<Record<string, string>>;
  /**
   * @param report takes each row once it is there
   * @param violation takes what is to be told of each violation, for whoever looks for the fault
   */
  run(
    options: VerificationOptions,
    report: (finding: Finding) => void,
    violation: (what: string) => void,
  ): Promise<void>;
}
