/**
 * Where values stopped being numbers: the rows of the step that failed go through once more, each by itself, and the largest value of
 * each layer is looked at, forward and back.
 */
import { type PackedBatch, packExamples } from "../data/batches/pack.ts";
import { type Example, labelsOf, tilesOf } from "../data/example.ts";
import { TabTuneError } from "../errors.ts";

/** A row that gives values that are not numbers, and where first. */
export interface Traced {
  example: Example;
  place: string;
  /** The largest value at the place before, and that place; undefined where there is none. */
  before: { place: string; largest: number } | undefined;
}

/** How many tokens and tiles of the step came before a row: dropout counts on from them. */
type First = Record<"firstRow" | "firstTile", number>;
/** Sees the values of a place; false ends the pass. */
type Look = (place: string, read: () => Promise<Float32Array[]>) => Promise<boolean>;

/** Largest magnitude; NaN where a value is none, infinite where one is. */
export function largestOf(values: Float32Array): number {
  let largest = 0;
  for (const value of values) {
    if (Number.isNaN(value)) return Number.NaN;
    largest = Math.max(largest, Math.abs(value));
  }
  return largest;
}

/** Those of the rows of `packs` that fail alone, in order. `pass` takes one through the model. */
export async function traceRows(
  packs: readonly PackedBatch[],
  trainOn: Parameters<typeof labelsOf>[1],
  pass: (pack: PackedBatch, first: First, look: Look) => Promise<void>,
): Promise<Traced[]> {
  const found: Traced[] = [];
  const first = { firstRow: 0, firstTile: 0 };
  for (const example of packs.flatMap(({ examples }) => examples)) {
    let before: Traced["before"];
    const alone = packExamples([example], [labelsOf(example, trainOn)]);
    await pass(alone, { ...first }, async (place, read) => {
      const largest = largestOf((await read())[0]!);
      const sound = Number.isFinite(largest);
      if (sound) before = { place, largest };
      else found.push({ example, place, before });
      return sound;
    });
    first.firstRow += alone.rows;
    first.firstTile += tilesOf(example);
  }
  return found;
}

/** From here on a value is as good as out of range: a product of two of them is infinite in f32. */
const HUGE = 1e18;

/** `cause` with what the trace found. `source`: of the first row that was found. */
export function tracedError(
  cause: TabTuneError,
  { step, rows, found, source }: { step: number; rows: number; found: readonly Traced[]; source: string | undefined },
): TabTuneError {
  const [one] = found;
  const error = (message: string, remedy: string): TabTuneError =>
    new TabTuneError("non-finite-loss", `${cause.message.replace(/\.$/, "")}: ${message}.`, remedy, cause.safe, {
      cause,
    });
  if (!one) {
    return error(
      "no row of it does so by itself, their sum does",
      "Lower the learning rate, then go on from the last checkpoint.",
    );
  }
  const { place, before } = one;
  const largest = before ? ` (the largest before it is ${before.largest.toPrecision(2)}, in ${before.place})` : "";
  const all = found.length === rows && rows > 1;
  const whose = all
    ? `all ${rows} of its rows do so`
    : found.length > 1
      ? `${found.length} of its ${rows} rows do so`
      : "";
  const where = `values stop being numbers in ${place}${largest}`;
  const message = whose ? `${whose}; in the first, ${source}, ${where}` : `it comes from ${source} alone; ${where}`;
  const atStart = step === 1 && (all || rows === 1);
  if (atStart)
    return error(
      message,
      "Download the model again: no learning rate has had a part in it yet, its weights are not sound.",
    );
  if (all || (before && before.largest > HUGE))
    return error(message, "Lower the learning rate, then go on from the last checkpoint.");
  return error(
    message,
    `Look at ${found.length > 1 ? "these rows" : "this row"}, take ${found.length > 1 ? "them" : "it"} out of the data, then start again.`,
  );
}
