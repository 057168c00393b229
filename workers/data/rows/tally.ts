/** What has been read of a drop: where the next row stands, and what is asked of all of them at the end. */
import type { Row, SkippedRow } from "./row.ts";

export class Tally {
  /** The index of the next row; a skipped one has one, too. */
  next = 0;
  /** Rows to train on. */
  rows = 0;
  /** Those of them that are text alone. */
  bare = 0;
  /** Some row has a picture, or names one that could not be had. */
  pictured = false;
  firstSkipped: SkippedRow | undefined;

  /** A row that is given out. Where `next` stands is said by its record, which may have more rows than are asked for. */
  give({ images }: Pick<Row, "images">, isHeldOut: boolean): void {
    this.pictured ||= images.length > 0;
    if (isHeldOut) return;
    this.rows += 1;
    if (images.length === 0) this.bare += 1;
  }

  skip(skipped: SkippedRow): void {
    this.pictured ||= skipped.reason.includes("picture");
    this.firstSkipped ??= skipped;
    this.next += 1;
  }
}
