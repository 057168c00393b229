/** A data set as a person changed it: without the rows that were left out, with the texts that were corrected. */
import { corrected, editsOf, isUnchanged, type RowChanges } from "../index/changes.ts";
import { mostTokens } from "../index/most-tokens.ts";
import { sizesOf } from "../index/stored-row.ts";
import { type RowPreparation, withMessages } from "../prepare-example.ts";
import type { Dataset } from "./dataset.ts";
import { partOf } from "./part-of.ts";

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
  const out = new Set(changes.leftOut);
  const edits = editsOf(changes);
  const { part, rowOf } = partOf(dataset, (position) => !out.has(position));
  const changedDataset: Dataset = {
    ...part,
    async read(i) {
      const example = await part.read(i);
      const messages = edits.get(part.positionOf(i));
      return messages ? withMessages(example, messages, preparation) : example;
    },
    async textsOf(i) {
      const texts = await part.textsOf(i);
      return texts && corrected(texts, edits.get(part.positionOf(i)));
    },
  };
  if (edits.size === 0) return changedDataset;
  if (dataset.onDemand) {
    const bounds = [...edits.values()].map((messages) => mostTokens(sizesOf(messages), preparation));
    return { ...changedDataset, longest: Math.max(dataset.longest, ...bounds) };
  }
  const lengths = await Promise.all(
    rowOf.flatMap((_, i) =>
      edits.has(part.positionOf(i)) ? [changedDataset.read(i).then((row) => row.inputIds.length)] : [],
    ),
  );
  return { ...changedDataset, longest: Math.max(dataset.longest, ...lengths) };
}
