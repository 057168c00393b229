/** The answers of rows with boxes: which form a source has them in, how large the pictures are, and what is written. */
import { listed } from "../../words.ts";
import { type BoxTarget, type BoxUnit, targetOf, unitName } from "../boxes/convention.ts";
import { BOX_FORMATS, type BoxForm, type BoxFormat, formWords, guessForm, type SampledBox } from "../boxes/forms.ts";
import { BoxWriter, type WrittenBox } from "../boxes/writer.ts";
import { swapsSides } from "../pictures/orientation.ts";
import type { Size } from "../pictures/pixels.ts";
import { type ImageHeader, probeImage } from "../pictures/probe.ts";
import type { RecordBoxes } from "./box-row.ts";
import { quoted } from "./column-words.ts";
import { RowProblem, wordsOf } from "./problem.ts";
import type { ImageRef } from "./row.ts";

/** A row's boxes with its pictures. */
export interface BoxedRow {
  boxes: RecordBoxes;
  images: readonly ImageRef[];
}

/** What is looked at to tell a form. */
const SAMPLED_ROWS = 200;

export interface BoxOptions {
  boxes?: BoxUnit | undefined;
  boxFormat?: BoxFormat | undefined;
  /** How the model writes boxes. */
  boxTarget?: BoxTarget | undefined;
}

export class BoxAnswers {
  readonly #writer: BoxWriter;
  readonly #target: BoxTarget;
  readonly #asked: BoxForm | undefined;
  readonly #guesses = new Map<string, BoxForm>();
  readonly #said: string[] = [];

  /** Throws TabTuneError "bad-argument" as `targetOf`. */
  constructor({ boxes, boxFormat, boxTarget }: BoxOptions) {
    this.#target = targetOf(boxes, boxTarget);
    this.#writer = new BoxWriter(this.#target);
    this.#asked = boxFormat && BOX_FORMATS[boxFormat];
  }

  /** The unit that answers were written in; undefined where there were no boxes. */
  get unit(): string | undefined {
    return this.#writer.rows > 0 ? unitName(this.#target.convention) : undefined;
  }

  /**
   * The boxes of a row as its answer has them. `others`: rows of the same source, by which its form is told where the data does not say it.
   * Throws RowProblems "broken-picture" where a size cannot be had, and "missing-text" where no object gives a box.
   */
  async boxes(row: BoxedRow, source: string, others: () => AsyncGenerator<BoxedRow>): Promise<WrittenBox[]> {
    const { boxes } = row;
    if (boxes.boxes.length > 0) await refuseTurned(row);
    const guessed = new Map<string, BoxForm>();
    for (const { form } of boxes.boxes) {
      const key = JSON.stringify(form);
      if (!guessed.has(key)) guessed.set(key, await this.#formOf(form, source, boxes.column, others));
    }
    const formOf = (form: Partial<BoxForm>): BoxForm => guessed.get(JSON.stringify(form))!;
    const picture = this.#needsPicture(boxes, [...guessed.values()]) ? await sizeOf(row) : undefined;
    const written = this.#writer.write(boxes, formOf, boxes.size ?? picture, picture);
    if (written !== undefined) return written;
    throw new RowProblem(
      "missing-text",
      boxes.aside["without a name"]
        ? `The classes in ${quoted(boxes.column)} are numbers, and no file names them; add classes.txt with a name a line, or YOLO's data.yaml.`
        : `No object in ${quoted(boxes.column)} gives a box inside of the picture.`,
    );
  }

  /** A record's own size is enough for shares of it: the picture may have been resized since. */
  #needsPicture({ boxes, size }: RecordBoxes, forms: readonly BoxForm[]): boolean {
    if (typeof this.#target.convention !== "object") return boxes.length > 0;
    return size === undefined && forms.some(({ unit }) => unit === "pixels");
  }

  async #formOf(
    known: Partial<BoxForm>,
    source: string,
    column: string,
    others: () => AsyncGenerator<BoxedRow>,
  ): Promise<BoxForm> {
    if (known.order !== undefined && known.unit !== undefined) return known as BoxForm;
    if (this.#asked) return { ...this.#asked, ...known };
    const key = JSON.stringify([source, column, known]);
    const before = this.#guesses.get(key);
    if (before) return before;
    const sampled = await sample(known, column, others());
    const guess = guessForm(sampled, known);
    const form = guess?.form ?? { order: "xyxy", unit: "pixels", ...known };
    if (guess) {
      const second = guess.next && guess.next.fits > 0 ? ` (${guess.next.fits} would as ${guess.next.order})` : "";
      const unsure =
        guess.next && guess.next.fits === guess.fits ? "; say the format of the boxes where this is wrong" : "";
      this.#said.push(
        `${source}: no column says how the boxes in ${quoted(column)} are written; as ${formWords(form)}, ${guess.fits} of ${guess.of} fit their pictures${second}${unsure}.`,
      );
    }
    this.#guesses.set(key, form);
    return form;
  }

  notes(): string[] {
    return [...this.#said, ...this.#writer.notes()];
  }
}

/** Boxes of which the data says no more than of these. */
async function sample(known: Partial<BoxForm>, column: string, rows: AsyncGenerator<BoxedRow>): Promise<SampledBox[]> {
  const found: SampledBox[] = [];
  let looked = 0;
  for await (const row of rows) {
    const alike = row.boxes.boxes.filter(({ form }) => JSON.stringify(form) === JSON.stringify(known));
    if (row.boxes.column !== column || alike.length === 0) continue;
    const shares = alike.every(({ numbers }) => numbers.every((value) => value <= 1));
    // A picture that cannot be read says so when its row is written.
    const size = shares ? undefined : (row.boxes.size ?? (await sizeOf(row).catch(() => undefined)));
    found.push(...alike.map(({ numbers }) => ({ numbers, size })));
    looked += 1;
    if (looked === SAMPLED_ROWS) break;
  }
  return found;
}

const isAlike = (a: Size, b: Size): boolean =>
  Math.abs(a.width * b.height - b.width * a.height) < 0.02 * a.width * b.height;

/**
 * Boxes that were drawn in a photo as its file stores it, by a tool that does not follow the EXIF mark by which it is shown turned, lie
 * elsewhere in the picture that the model sees. Throws a RowProblem "bad-row" for those whose size gives them away.
 */
async function refuseTurned({ boxes: { size, column }, images: [image] }: BoxedRow): Promise<void> {
  if (!size || !image?.head) return;
  let stored: ImageHeader;
  try {
    stored = probeImage(await image.head());
  } catch {
    return; // a picture that cannot be read says so when it is needed
  }
  const upright = { width: stored.height, height: stored.width };
  if (!swapsSides(stored.orientation) || !isAlike(size, stored) || isAlike(size, upright)) return;
  throw new RowProblem(
    "bad-row",
    `The boxes in ${quoted(column)} were drawn in ${size.width} x ${size.height} pixels, and ${image.path} is shown turned by its EXIF mark, with ${upright.width} x ${upright.height}; remove that mark from the file, or draw the boxes again in the picture as it is shown.`,
  );
}

/** The size of a row's first picture, upright. Throws a RowProblem "broken-picture". */
async function sizeOf({ images }: BoxedRow): Promise<Size> {
  const [image] = images;
  if (!image)
    throw new RowProblem(
      "missing-picture",
      "The boxes are in pixels, and the row has no picture whose size would tell where they are.",
    );
  try {
    const { width, height, orientation } = probeImage(await image.bytes());
    return swapsSides(orientation) ? { width: height, height: width } : { width, height };
  } catch (error) {
    throw new RowProblem(
      "broken-picture",
      `The boxes are in pixels, and the size of ${listed(images.map(({ path }) => path))} cannot be read: ${wordsOf(error).replace(/\.$/, "")}.`,
      { cause: error },
    );
  }
}
