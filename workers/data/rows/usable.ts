/** Which of a drop's plans is read: a table that gives no row must not stand before pictures that do. */

import type { Source } from "./detect.ts";
import { type OpenDrop, pathOfSource, type Reading, readingOf, recordsIn } from "./open-drop.ts";
import { type PictureIndex, pictureIndex } from "./picture-index.ts";
import { RowProblem, wordsOf } from "./problem.ts";
import type { RecordOptions } from "./record.ts";
import { type Pictures, rowsOf } from "./record-rows.ts";
import { Remarks } from "./remarks.ts";

/** Records of a table that are looked at to tell whether it gives rows. */
const TRIED = 100;

/** The drop as it is, or with what its plan says to read instead where none of its tables gives a row: a list of tags must not hide pictures with captions. */
export async function usable(drop: OpenDrop, options: RecordOptions): Promise<OpenDrop> {
  const { otherwise } = drop.plan;
  if (!otherwise) return drop;
  const index = pictureIndex(drop.entries);
  const notes: string[] = [];
  // What is remarked while trying is remarked again when the rows are read.
  const reading = readingOf(drop, options, new Remarks());
  for (const source of drop.sources) {
    const why = await whyNoRow(source, index, reading);
    if (why === undefined) return drop;
    notes.push(`${pathOfSource(source)} is left aside: it gives no row (${why.replace(/\.$/, "")}).`);
  }
  const plan = { ...otherwise, notes: [...notes, ...otherwise.notes] };
  return { ...drop, plan, sources: plan.sources, encodingNotes: [] };
}

/** What is wrong with the first record of a table none of whose first ones can be used; undefined where one can. */
async function whyNoRow(source: Source, index: PictureIndex, reading: Reading): Promise<string | undefined> {
  const pictures: Pictures = { index, claimed: true, claimAll: async () => undefined };
  let first: string | undefined;
  let tried = 0;
  try {
    for await (const record of recordsIn(source, reading)) {
      try {
        await rowsOf({ index: 0, source: "" }, record, source, { ...reading, pictures });
        return undefined;
      } catch (error) {
        if (!(error instanceof RowProblem)) throw error;
        first ??= error.message;
      }
      if (++tried === TRIED) break;
    }
  } catch (error) {
    first ??= wordsOf(error);
  }
  return first ?? "it is empty";
}
