/**
 * Rows of a split that came with the data whose picture is trained on, too: whoever made the split made it so, and they are measured all
 * the same. It is told, because such rows say less of what a model makes of pictures that it has not seen.
 */
import type { RowContent } from "./content.ts";

/** How many of the held-out rows have a word in common with some row that is trained on. */
export function countShared(heldOut: Iterable<RowContent>, training: Iterable<RowContent>): number {
  const words = new Set<string>();
  for (const content of training) for (const word of content) words.add(word);
  let shared = 0;
  for (const content of heldOut) if (content.some((word) => words.has(word))) shared += 1;
  return shared;
}

/**
 * "3 of 20 held-out rows show …", and what to do; "" for none. `byPlace`: pictures are not opened before they are needed, and equal
 * ones in different files have not been found, which is told.
 */
export function sharedRowsWords(shared: number, rows: number, byPlace: boolean): string {
  const unseen = byPlace ? "Pictures that are equal in different files are not looked for in data of this size." : "";
  if (shared === 0) return unseen;
  const [show, say] = shared === 1 ? ["shows", "its loss says"] : ["show", "their loss says"];
  const words = `${shared} of ${rows} held-out rows ${show} a picture that is also trained on (or, without a picture, the same text): ${say} less of pictures that the model has not seen. They are measured all the same. Leave them out of the data, or give it without its split: a share of the rows is held out then, and a picture is on one side only.`;
  return [words, unseen].filter(Boolean).join(" ");
}
