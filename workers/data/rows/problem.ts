/** What is wrong with one row or one entry: the others go on. Thrown inside data/rows/, never seen outside of it. */
export type ProblemReason =
  | "bad-json"
  | "bad-csv"
  | "bad-text"
  | "bad-row"
  | "bad-roles"
  | "empty-text"
  | "missing-text"
  | "missing-picture"
  | "broken-picture"
  | "picture-too-large"
  | "picture-count"
  | "too-many-pictures"
  | "too-long-line"
  | "broken-part"
  | "nested-archive"
  | "unsupported-archive"
  | "unsafe-name"
  | "duplicate-name"
  | "not-a-file"
  | "encrypted"
  | "zip-ratio";

export class RowProblem extends Error {
  readonly reason: ProblemReason;

  constructor(reason: ProblemReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RowProblem";
    this.reason = reason;
  }
}

export { wordsOf } from "../../errors.ts";

/** Raw text cut to 200 UTF-16 units for `SkippedRow.excerpt`, never in the middle of a surrogate pair. */
export function excerptOf(raw: string): string {
  return raw.slice(0, 200).replace(/[\uD800-\uDBFF]$/, "");
}
