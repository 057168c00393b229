/** What the self-test says of an adapter. */

/** One output of one op of the self-test. */
export interface SelfTestResult {
  op: string;
  output: string;
  /** Relative to the CPU's result; null when it is not a number. */
  error: number | null;
  passed: boolean;
  /** Names of the kernels that ran. */
  kernels: string[];
  /** What the compiler said; "" when it compiled. */
  note: string;
}

/** Every op of training on this adapter, against the CPU. */
export interface SelfTestReport {
  adapter: Record<string, unknown>;
  browser: string;
  kernelsVersion: number;
  date: string;
  seconds: number;
  /** Largest error that passes. */
  limit: number;
  /** Every op that training or chat dispatches is right. */
  passed: boolean;
  results: SelfTestResult[];
  /** Faster kernels that this adapter offers, against the plain ones: what differs is not used, and trains nobody wrongly. */
  gates: SelfTestResult[];
}
