/** Boxes of rows -> answers in one convention, with a count of all that was done to them. */
import { counted, listed } from "../../words.ts";
import type { Part } from "../pictures/format.ts";
import type { Size } from "../pictures/pixels.ts";
import { type BoxTarget, extentOf, reasonWords, unitWords, writtenBox } from "./convention.ts";
import { type BoxForm, formWords, sharesOf } from "./forms.ts";
import type { Aside, FoundBoxes } from "./found.ts";

/** A share of the picture below which clipping is rounding, and not told. */
const ROUNDING = 0.0005;

const ASIDE_WORDS: Record<Aside, [one: string, many: string]> = {
  crowd: ["stands for a crowd", "stand for crowds"],
  "not four numbers": ["has no four numbers", "have no four numbers"],
  "without a name": [
    "has a class whose name no file says (classes.txt or data.yaml would)",
    "have classes whose names no file says (classes.txt or data.yaml would)",
  ],
  "other shapes": ["is a point or a circle", "are points or circles"],
};

export interface WrittenBox {
  numbers: [number, number, number, number];
  label: string | undefined;
}

export class BoxWriter {
  readonly #target: BoxTarget;
  readonly #counts = {
    rows: 0,
    none: 0,
    boxes: 0,
    clipped: 0,
    thin: 0,
    outside: 0,
    flat: 0,
    outlines: 0,
    unseen: 0,
    sizeless: 0,
  };
  readonly #aside = new Map<Aside, number>();
  readonly #forms = new Map<string, number>();

  constructor(target: BoxTarget) {
    this.#target = target;
  }

  /** Rows that were written. */
  get rows(): number {
    return this.#counts.rows;
  }

  /**
   * Boxes as answers have them; undefined where there were objects and none gives a box. `formOf` says the form of a box in full. `data`:
   * the size in which boxes in pixels were drawn, `picture`: that of the picture as it is here, for answers in pixels.
   */
  write(
    found: FoundBoxes,
    formOf: (known: Partial<BoxForm>) => BoxForm,
    data?: Size,
    picture?: Size,
  ): WrittenBox[] | undefined {
    const counts = this.#counts;
    counts.outlines += found.outlines;
    for (const [why, n] of Object.entries(found.aside)) this.#set(this.#aside, why as Aside, n);
    const boxes = found.boxes.flatMap(({ numbers, label, form }) => {
      const read = formOf(form);
      const inside = this.#clipped(sharesOf(numbers, read, data));
      if (!inside) return [];
      this.#set(this.#forms, formWords(read), 1);
      this.#see(inside, data ?? picture);
      const { numbers: written, thin } = writtenBox(inside, extentOf(this.#target, picture));
      if (thin) counts.thin += 1;
      counts.boxes += 1;
      return [{ numbers: written, label }];
    });
    if (boxes.length === 0 && (found.boxes.length > 0 || Object.keys(found.aside).length > 0)) return undefined;
    counts.rows += 1;
    if (boxes.length === 0) counts.none += 1;
    return boxes;
  }

  /** The part of a box that lies in its picture; undefined where none does. */
  #clipped(box: Part): Part | undefined {
    const [left, top, right, bottom] = box;
    if (!(right > left && bottom > top)) {
      this.#counts.flat += 1;
      return undefined;
    }
    const inside = box.map((value) => Math.min(1, Math.max(0, value))) as Part;
    if (!(inside[2] > inside[0] && inside[3] > inside[1])) {
      this.#counts.outside += 1;
      return undefined;
    }
    if (inside.some((value, i) => Math.abs(value - box[i]!) > ROUNDING)) this.#counts.clipped += 1;
    return inside;
  }

  /** Counts a box of which the model does not see all. */
  #see(box: Part, size: Size | undefined): void {
    const { seen } = this.#target;
    if (!seen) return;
    if (!size) this.#counts.sizeless += 1;
    else {
      const [left, top, right, bottom] = seen(size);
      const beyond = Math.max(left - box[0], top - box[1], box[2] - right, box[3] - bottom);
      if (beyond > ROUNDING) this.#counts.unseen += 1;
    }
  }

  #set<K>(counts: Map<K, number>, key: K, n: number): void {
    counts.set(key, (counts.get(key) ?? 0) + n);
  }

  /** What became of the boxes, whole sentences; none where there were no boxes. */
  notes(): string[] {
    const { rows, none, boxes, clipped, thin, outside, flat, outlines, unseen, sizeless } = this.#counts;
    if (rows === 0) return [];
    const { convention, by } = this.#target;
    const from = [...this.#forms].map(([form, n]) => (this.#forms.size > 1 ? `${form} (${n})` : form));
    const read = from.length > 0 ? `, read as ${listed(from)}` : "";
    const notes = [
      `${counted(boxes, "box", "boxes")} of ${counted(rows, "row")}${read}, ${boxes === 1 ? "is" : "are"} written as left, top, right, bottom ${unitWords(convention)}, ${reasonWords[by]}.`,
    ];
    const say = (n: number, one: string, many: string): void => {
      if (n > 0) notes.push(`${counted(n, "box", "boxes")} ${n === 1 ? one : many}.`);
    };
    say(
      clipped,
      "reaches beyond its picture and is clipped at the edge",
      "reach beyond their pictures and are clipped at the edge",
    );
    say(outlines, "is the rectangle around an outline", "are the rectangles around outlines");
    say(thin, "is widened to one step of these numbers", "are widened to one step of these numbers");
    say(outside, "lies outside of its picture and is left out", "lie outside of their pictures and are left out");
    say(flat, "has no width or height and is left out", "have no width or height and are left out");
    if (unseen > 0) {
      const of =
        sizeless > 0 ? ` (${counted(sizeless, "other")} not looked at: no size of their pictures is known)` : "";
      notes.push(
        `${counted(unseen, "box", "boxes")} ${unseen === 1 ? "reaches" : "reach"} beyond the crop that this model sees of ${unseen === 1 ? "its picture" : "their pictures"}${of}; make the pictures square to have them seen whole.`,
      );
    }
    for (const [why, n] of this.#aside) {
      const [one, many] = ASIDE_WORDS[why];
      notes.push(`${counted(n, "object")} ${n === 1 ? `${one} and is` : `${many} and are`} left out.`);
    }
    if (none > 0) notes.push(`${counted(none, "row")} ${none === 1 ? "has" : "have"} no box, and the answer is [].`);
    return notes;
  }
}
