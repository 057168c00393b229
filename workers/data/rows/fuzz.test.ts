/** A few hundred damaged files of every format, by the corpus and the judge of scripts/fuzz-readers.mjs, which reads them by the thousand. */
import { expect, test } from "vitest";
import { FORMATS } from "../../testing/fuzz/corpus.ts";
import { judge } from "../../testing/fuzz/judge.ts";

test("450 damaged files: no row that is silently wrong, no error without a sentence", async () => {
  const outcomes = new Map<string, number>();
  for (let n = 0; n < 50 * FORMATS.length; n++) {
    const { fault, outcome } = await judge(n, 1);
    expect(fault, `file ${n}`).toBeUndefined();
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  // Damage that nobody meets would find nothing.
  for (const outcome of ["refused", "read in part", "read otherwise", "read as before"])
    expect(outcomes.get(outcome)).toBeGreaterThan(10);
});
