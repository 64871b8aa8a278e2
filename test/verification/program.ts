/** One row of a program's table. */
export interface Finding {
  /** The injected fault, or the dimension that varied. */
  readonly fault: string;
  readonly trials: number;
  /** Final when the program has ended, as some checks are for later. */
  readonly violations: number;
  /** A value with its unit, such as the slowest response, for the program's `worst` column. */
  readonly worst: string;
}

/** The command line's options. */
export interface VerificationOptions {
  /** Repeats the random choices of an earlier run. */
  readonly seed: number;
  /** Each case is tried this number of times. The default is the program's short form. */
  readonly trials: number | undefined;
  /** Stops starting trials after this time; the table shows how many ran. */
  readonly minutes: number | undefined;
  readonly database: "sqlite" | "mysql";
  /** The bug to inject into the server, to show that the program detects it. */
  readonly broken: string | undefined;
  /** Replays one case of the seed, as a violation's message names it. */
  readonly path: string | undefined;
}

/** A program that tries to violate one guarantee of the server. */
export interface VerificationProgram {
  readonly name: string;
  /** The guarantee, in one sentence. */
  readonly promise: string;
  /** The databases that the program supports, the default first. */
  readonly databases: readonly VerificationOptions["database"][];
  /** The header of the last column. */
  readonly worst: string;
  /** The bugs that `--broken` can inject, each with its effect. */
  readonly broken: Readonly<Record<string, string>>;
  /**
   * @param report receives each row when its trials are complete
   * @param violation receives the details of each violation, for debugging
   */
  run(
    options: VerificationOptions,
    report: (finding: Finding) => void,
    violation: (what: string) => void,
  ): Promise<void>;
}
