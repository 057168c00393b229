/**
 * Pictures that are equal in different places, of data whose rows are prepared when they are asked for: equal bytes give equal pixels, and
 * those are at hand when a row is read.
 */
import { TabTuneError } from "../../errors.ts";
import { type Example, picturesOf } from "../example.ts";
import type { Dataset } from "../shards/dataset.ts";
import { contentOfBytes } from "./content.ts";

/** Hashes of the pixels of an example's pictures. */
export async function pixelHashes(example: Example): Promise<string[]> {
  const hashes: string[] = [];
  // A copy: what is hashed must not be a view of a larger buffer.
  for (const { pixels } of picturesOf(example)) hashes.push(await contentOfBytes(pixels.slice()));
  return hashes;
}

/** A data set whose rows are not read where they show a picture of `pictures`, which may still grow: they throw "bad-row". */
export function withoutPictures(dataset: Dataset, pictures: ReadonlySet<string>): Dataset {
  return {
    ...dataset,
    async read(i) {
      const example = await dataset.read(i);
      if (pictures.size > 0 && (await pixelHashes(example)).some((hash) => pictures.has(hash))) {
        throw new TabTuneError(
          "bad-row",
          "It shows the picture of a held-out row, so it is not trained on.",
          "Nothing is to be done: a picture is either trained on or held out.",
        );
      }
      return example;
    },
  };
}
