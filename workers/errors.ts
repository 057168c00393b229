/**
 * The one error that reaches a user. Every refusal says what happened (with the place), what is safe, and what to do;
 * `code` is stable, so that the page, the command line and tests can tell errors apart.
 */
export type ErrorCode =
  | "bad-argument"
  | "bad-recipe"
  | "not-a-checkpoint"
  | "missing-file"
  | "network"
  | "no-access"
  | "bad-safetensors"
  | "missing-tensor"
  | "bad-tensor"
  | "unsupported-model"
  | "bad-tokenizer"
  | "bad-dataset"
  | "bad-row"
  | "bad-image"
  | "image-too-large"
  | "row-too-long"
  | "no-rows"
  | "no-files"
  | "no-webgpu"
  | "unsupported-gpu"
  | "device-lost"
  | "gpu-withheld"
  | "out-of-memory"
  | "gpu-error"
  | "wrong-numbers"
  | "non-finite-loss"
  | "storage-full"
  | "storage-gone"
  | "storage-upgraded"
  | "bad-checkpoint"
  | "run-locked"
  | "bad-adapter"
  | "worker-died"
  | "cancelled"
  | "internal";

/** The plain-data form that crosses a worker border (Comlink drops class identity) and is printed by the command line. */
export interface ErrorReport {
  code: ErrorCode;
  /** What happened and where, one sentence. */
  message: string;
  /** One thing to do, one sentence. */
  remedy: string;
  /** What is not lost, one sentence ("" when nothing was at stake). */
  safe: string;
}

/** Characters of a sentence: names and values of a file may be in it, and be as long as the file. */
const LONGEST_SENTENCE = 2000;
const cut = (text: string): string =>
  text.length > LONGEST_SENTENCE ? `${text.slice(0, LONGEST_SENTENCE - 1)}…` : text;

export class TabTuneError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly safe: string;

  constructor(code: ErrorCode, message: string, remedy: string, safe = "", options?: ErrorOptions) {
    super(cut(message), options);
    this.name = "TabTuneError";
    this.code = code;
    this.remedy = cut(remedy);
    this.safe = cut(safe);
  }

  report(): ErrorReport {
    return { code: this.code, message: this.message, remedy: this.remedy, safe: this.safe };
  }
}

/** The error of a report that crossed a worker's border. */
export const fromReport = ({ code, message, remedy, safe }: ErrorReport): TabTuneError =>
  new TabTuneError(code, message, remedy, safe);

const ROW_FAULTS = ["bad-image", "image-too-large", "bad-row", "row-too-long"] as const satisfies ErrorCode[];

/** Codes of errors that cost one row of the data. */
export type RowFault = (typeof ROW_FAULTS)[number];

/** True for a fault of one row, after which the others go on; anything else is a fault of the model or of the program. */
export function isRowFault(error: unknown): error is TabTuneError & { code: RowFault } {
  return error instanceof TabTuneError && ROW_FAULTS.some((code) => code === error.code);
}

/** The words of any thrown value. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True where a file could not be reached: nothing is said of what is in it. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof TabTuneError && (error.code === "network" || error.code === "no-access");

/** Any thrown value as an ErrorReport; an unexpected one keeps its own words under the code `internal`. */
export function toReport(error: unknown): ErrorReport {
  if (error instanceof TabTuneError) return error.report();
  return {
    code: "internal",
    message: wordsOf(error),
    remedy: "Reload the page; if it happens again, report it with this text.",
    safe: "",
  };
}

/** An error as it came over a worker's border: the fields of a TabTuneError are there, its class is not. */
export function reportOf(error: unknown): ErrorReport {
  if (typeof error === "object" && error !== null && "code" in error && "remedy" in error) {
    const { code, message, remedy, safe } = error as ErrorReport;
    return { code, message, remedy, safe };
  }
  return toReport(error);
}

/** Result of a call over a worker's border, which rejects with a report: Comlink carries the fields of plain objects only. */
export async function reporting<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toReport(error);
  }
}
