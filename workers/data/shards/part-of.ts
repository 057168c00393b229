/** A data set without some of its rows. */
import { firstsOf } from "../index/row-index.ts";
import type { Dataset } from "./dataset.ts";

/**
 * The rows that are left, in their order, in the parts in which they were. `keeps` is asked by position in the index.
 * @returns the part, and which row of `dataset` each of its rows is
 */
export function partOf(
  dataset: Dataset,
  keeps: (position: number) => boolean,
): { part: Dataset; rowOf: readonly number[] } {
  const { positionOf } = dataset;
  const kept: number[] = [];
  const firsts = firstsOf(dataset.parts.map(({ rows }) => rows));
  const parts = dataset.parts.map(({ rows }, n) => {
    const before = kept.length;
    for (let i = firsts[n]!; i < firsts[n]! + rows; i++) if (keeps(positionOf(i))) kept.push(i);
    return { rows: kept.length - before };
  });
  const part: Dataset = {
    ...dataset,
    rows: kept.length,
    parts,
    positionOf: (i) => positionOf(kept[i]!),
    read: (i) => dataset.read(kept[i]!),
    soon: (rows) => dataset.soon(rows.map((i) => kept[i]!)),
    sourceOf: (i) => dataset.sourceOf(kept[i]!),
    textsOf: (i) => dataset.textsOf(kept[i]!),
  };
  return { part, rowOf: kept };
}
