/** What was guessed, joined or left aside while records became rows: one sentence a kind, with the number of records it is about. */
import { counted } from "../../words.ts";

/** Takes one sentence without its full stop: 'the column "Caption" is read as caption'. */
export type Tell = (sentence: string) => void;

/** Sentences may hold names of columns, which nobody has vetted: so many different ones are kept, of so many characters. */
const MOST_SENTENCES = 60;
const SENTENCE_LENGTH = 400;

/** What a sample is read from and the user may not expect: told with a count and the first place. */
export type Remark = "several-lines" | "several-texts" | "several-pictures";

const SENTENCES: Record<Remark, (rows: number, first: string) => string> = {
  "several-lines": (rows, first) =>
    `${counted(rows, "text")} beside pictures ${rows === 1 ? "has" : "have"} several lines (first: ${first}); all lines of a text are one answer.`,
  "several-texts": (rows, first) =>
    `${counted(rows, "picture")} ${rows === 1 ? "has" : "have"} several texts, of which one is read (first: ${first}).`,
  "several-pictures": (rows, first) =>
    `${counted(rows, "row")} ${rows === 1 ? "has" : "have"} several pictures of one name, which are shown together (first: ${first}).`,
};

export class Remarks {
  readonly #counts = new Map<string, number>();
  readonly #said = new Set<string>();
  readonly #met = new Map<Remark, { rows: number; first: string }>();
  #others = 0;

  /** The remarks of one record, each counted once. */
  add(sentences: Iterable<string>): void {
    for (const long of new Set(sentences)) {
      const sentence = long.slice(0, SENTENCE_LENGTH);
      const count = this.#counts.get(sentence) ?? 0;
      if (count === 0 && this.#counts.size >= MOST_SENTENCES) this.#others += 1;
      else this.#counts.set(sentence, count + 1);
    }
  }

  /** A whole sentence about a file. */
  say(sentence: string): void {
    if (this.#said.size < MOST_SENTENCES) this.#said.add(sentence);
  }

  /** A sample at `place` of which this is true. */
  meet(remark: Remark, place: string): void {
    const met = this.#met.get(remark);
    if (met) met.rows += 1;
    else this.#met.set(remark, { rows: 1, first: place });
  }

  /** What was said of files and met in samples; then "3 records: the sentence." in the order in which they were first met. */
  notes(): string[] {
    const notes = [...this.#said];
    for (const [remark, { rows, first }] of this.#met) notes.push(SENTENCES[remark](rows, first));
    for (const [sentence, count] of this.#counts) notes.push(`${counted(count, "record")}: ${sentence}.`);
    if (this.#others > 0) notes.push(`${counted(this.#others, "further remark")} of such kinds.`);
    return notes;
  }
}
