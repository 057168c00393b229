/** Which rows a run trains on, and which it holds out to be measured by: decided when it begins, and kept with it. */
import { chooseOfSplit, chooseShare, LEAST_HELD_OUT, MOST_HELD_OUT } from "../data/held-out/choose.ts";
import { readContents } from "../data/held-out/content.ts";
import { withoutPictures } from "../data/held-out/same-picture.ts";
import { countShared, sharedRowsWords } from "../data/held-out/shared.ts";
import type { Dataset } from "../data/shards/dataset.ts";
import { partOf } from "../data/shards/part-of.ts";
import { TabTuneError } from "../errors.ts";
import type { Recipe } from "../recipe.ts";
import type { Store } from "../storage/store.ts";
import { counted } from "../words.ts";
import { type HeldOutRecord, readHeldOut } from "./saved/evaluations.ts";

type HeldOutKeys = "evalStrategy" | "evalSplit" | "seed" | "loadBestModelAtEnd" | "earlyStoppingPatience";

export interface SeparatedRows {
  training: Dataset;
  /** Undefined where the run measures nothing. */
  heldOut: { rows: Dataset; record: HeldOutRecord; pictures: Set<string> } | undefined;
  /** What to tell of it; "" for nothing. */
  words: string;
}

/**
 * Separates the rows of a run. One that goes on has those that it began with, whatever its data has become since.
 * @throws TabTuneError "no-rows" where none can be held out and the recipe cannot do without: it ends with the best adapter, or early
 */
export async function separateRows(
  { store, runId, resume }: { store: Store; runId: string; resume: boolean },
  dataset: Dataset,
  recipe: Pick<Recipe, HeldOutKeys>,
): Promise<SeparatedRows> {
  const isOfSplit = splitOf(dataset);
  const { split } = dataset.manifest;
  const kept = resume ? await readHeldOut(store, runId) : undefined;
  const chosen =
    recipe.evalStrategy === "no" ? undefined : kept ? { record: kept } : await choose(store, dataset, recipe);
  if (chosen && "none" in chosen) {
    if (recipe.loadBestModelAtEnd || recipe.earlyStoppingPatience !== null) {
      throw new TabTuneError(
        "no-rows",
        `No row can be held out: ${chosen.none}.`,
        'Add rows, or a file of rows named "validation", or set eval_strategy to "no".',
      );
    }
    return {
      training: dataset,
      heldOut: undefined,
      words: `No row is held out: ${chosen.none}. The run is not evaluated.`,
    };
  }
  const record = chosen?.record;
  const held = new Set(record?.positions);
  const all =
    split || held.size > 0 ? partOf(dataset, (position) => !isOfSplit(position) && !held.has(position)).part : dataset;
  // A part all of whose rows are held out is none: the order of the others must not depend on it.
  const left = { ...all, parts: all.parts.filter(({ rows }) => rows > 0) };
  if (!record) return { training: left, heldOut: undefined, words: "" };
  const pictures = new Set(record.pictures);
  const training = dataset.onDemand && record.from === "share" ? withoutPictures(left, pictures) : left;
  const rows = partOf(dataset, (position) => held.has(position)).part;
  const words = [wordsOf(record, rows.rows, dataset, recipe), await sharedWords(store, record, rows, left)];
  return { training, heldOut: { rows, record, pictures }, words: words.filter(Boolean).join(" ") };
}

/** Rows of the data's own split that show what is trained on, too; "" where there are none. A share never has one. */
async function sharedWords(store: Store, { from }: HeldOutRecord, rows: Dataset, training: Dataset): Promise<string> {
  if (from === "share") return "";
  const contents = await readContents(store, rows.manifest.id);
  if (!contents) return "";
  const of = (part: Dataset) => positionsOf(part).map((position) => contents[position] ?? []);
  // Texts are compared by their words, however many there are: only pictures go by their place.
  const byPlace = rows.onDemand && (rows.manifest.index?.most.pictures ?? 0) > 0;
  return sharedRowsWords(countShared(of(rows), of(training)), rows.rows, byPlace);
}

const positionsOf = ({ rows, positionOf }: Dataset): number[] => Array.from({ length: rows }, (_, i) => positionOf(i));

/** Tells the positions of rows that the data itself keeps apart. */
function splitOf({ manifest: { split } }: Dataset): (position: number) => boolean {
  return (position) => split !== undefined && position >= split.from;
}

async function choose(
  store: Store,
  dataset: Dataset,
  { evalSplit, seed }: Pick<Recipe, HeldOutKeys>,
): Promise<{ record: HeldOutRecord } | { none: string }> {
  const { split, id } = dataset.manifest;
  if (!split && evalSplit === 0) return { none: "eval_split is 0, and the data brings no validation split" };
  const contents = await readContents(store, id);
  if (!contents) return { none: "an older version prepared this data (drop its files again)" };
  const isOfSplit = splitOf(dataset);
  const positions = positionsOf(dataset).filter((position) => !split || isOfSplit(position));
  const words = positions.map((position) => contents[position] ?? []);
  const chosen = split ? chooseOfSplit(words, seed) : chooseShare(words, evalSplit, seed);
  if (chosen.length > 0) {
    return { record: { from: split?.name ?? "share", positions: chosen.map((n) => positions[n]!) } };
  }
  if (split) return { none: `no row of the ${split.name} split can be used` };
  return {
    none: dataset.rows === 1 ? "there is one row" : "the rows show the same pictures, which must not be on both sides",
  };
}

function wordsOf(
  { from }: HeldOutRecord,
  rows: number,
  dataset: Dataset,
  { evalSplit }: Pick<Recipe, HeldOutKeys>,
): string {
  const are = rows === 1 ? "is" : "are";
  if (from === "share") {
    const bounds =
      rows >= MOST_HELD_OUT
        ? `, ${MOST_HELD_OUT} at most`
        : rows <= LEAST_HELD_OUT
          ? `, ${LEAST_HELD_OUT} at least and half of them at most`
          : "";
    return `${rows} of ${counted(dataset.rows, "row")} ${are} held out (a share of ${evalSplit}${bounds}) and not trained on.`;
  }
  const all = positionsOf(dataset).filter(splitOf(dataset)).length;
  return `${rows} of ${counted(all, "row")} of the ${from} split ${are} held out; the split is not trained on.`;
}
