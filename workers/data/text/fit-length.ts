/**
 * Rows longer than max_length: whole trailing turns go first, then the tail of the last answer. Nothing is cut inside or before
 * the image slots, because a picture with slots missing cannot be fed to the model.
 */
import { TabTuneError } from "../../errors.ts";
import { counted } from "../../words.ts";
import { type Example, labelsOf, TokenKind } from "../example.ts";

/**
 * @param maxLength most tokens, image slots included
 * @returns the same example when it fits, else a shorter one with the same pictures
 * @throws TabTuneError "row-too-long" when the pictures, or the text before the first target, fill all of it
 */
export function fitLength(
  example: Example,
  maxLength: number,
  options: { trainOn: "responses" | "all-text"; imageTokenId: number },
): Example {
  const { inputIds, kinds } = example;
  const { trainOn } = options;
  if (inputIds.length <= maxLength) return example;
  const slotsEnd = inputIds.lastIndexOf(options.imageTokenId) + 1;
  let length = maxLength;
  for (let t = slotsEnd; t <= maxLength; t++) {
    const answerEnds = t > 0 && kinds[t - 1] === TokenKind.response && kinds[t] !== TokenKind.response;
    if (answerEnds) length = t;
  }
  const cut = { ...example, inputIds: inputIds.slice(0, length), kinds: kinds.slice(0, length) };
  const targets = labelsOf(cut, trainOn).subarray(1);
  if (slotsEnd > maxLength || targets.every((label) => label === -100)) {
    const first = labelsOf(example, trainOn).findIndex((label) => label !== -100);
    const why =
      slotsEnd > maxLength ? `its pictures end at ${slotsEnd}` : `its first trained token is number ${first + 1}`;
    throw new TabTuneError(
      "row-too-long",
      `The row has ${inputIds.length} tokens; at most ${maxLength} are allowed, and ${why}.`,
      "Raise max_length, shorten the question, or lower max_image_tiles (max_pixels, of pictures at free size).",
    );
  }
  return cut;
}

/** What to tell of rows that were met in a run and lost their end. */
export const cutRows = (cut: number): string =>
  `${counted(cut, "row")} that the run met ${cut === 1 ? "was" : "were"} longer than max_length and cut there: an answer that is cut does not show the model where to stop.`;

/** What to tell of rows that are longer than `maxLength`: how many lose their end, how many are left out. */
export function lengthNotes(
  { rows, cut, leftOut }: { rows: number; cut: number; leftOut: number },
  maxLength: number,
): string[] {
  const notes: string[] = [];
  if (cut > 0) {
    notes.push(
      `${cut} of ${rows} rows are longer than ${maxLength} tokens and cut there: an answer that is cut does not show the model where to stop.`,
    );
  }
  if (leftOut > 0) {
    notes.push(`${leftOut} of ${rows} rows do not fit into ${maxLength} tokens and are left out.`);
  }
  return notes;
}
