/** A data set as a person changed it: without the rows that were left out, with the texts that were corrected. */
import { editsOf, isUnchanged, type RowChanges } from "../index/changes.ts";
import { mostTokens } from "../index/most-tokens.ts";
import { firstsOf } from "../index/row-index.ts";
import { sizesOf } from "../index/stored-row.ts";
import { type RowPreparation, withMessages } from "../prepare-example.ts";
import type { Dataset } from "./dataset.ts";

/**
 * The rows that are left, in their order; pictures of corrected rows are taken as they were prepared. `longest` counts the corrected rows.
 * Throws as `Dataset.read` does where a corrected row of a data set that is prepared whole cannot be read.
 */
export async function withChanges(
  dataset: Dataset,
  changes: RowChanges,
  preparation: Omit<RowPreparation, "id">,
): Promise<Dataset> {
  if (isUnchanged(changes)) return dataset;
  const { positionOf } = dataset;
  const out = new Set(changes.leftOut);
  const edits = editsOf(changes);
  const kept: number[] = [];
  const firsts = firstsOf(dataset.parts.map(({ rows }) => rows));
  const parts = dataset.parts.map(({ rows }, n) => {
    const before = kept.length;
    for (let i = firsts[n]!; i < firsts[n]! + rows; i++) if (!out.has(positionOf(i))) kept.push(i);
    return { rows: kept.length - before };
  });
  const changedDataset: Dataset = {
    ...dataset,
    rows: kept.length,
    parts,
    positionOf: (i) => positionOf(kept[i]!),
    async read(i) {
      const example = await dataset.read(kept[i]!);
      const messages = edits.get(positionOf(kept[i]!));
      return messages ? withMessages(example, messages, preparation) : example;
    },
    soon: (rows) => dataset.soon(rows.map((i) => kept[i]!)),
    sourceOf: (i) => dataset.sourceOf(kept[i]!),
  };
  if (edits.size === 0) return changedDataset;
  if (dataset.onDemand) {
    const bounds = [...edits.values()].map((messages) => mostTokens(sizesOf(messages), preparation));
    return { ...changedDataset, longest: Math.max(dataset.longest, ...bounds) };
  }
  const lengths = await Promise.all(
    kept.flatMap((i, k) =>
      edits.has(positionOf(i)) ? [changedDataset.read(k).then((row) => row.inputIds.length)] : [],
    ),
  );
  return { ...changedDataset, longest: Math.max(dataset.longest, ...lengths) };
}
