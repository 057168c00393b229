/** What was guessed, joined or left aside while records became rows: one sentence a kind, with the number of records it is about. */
import { counted } from "../../words.ts";

/** Takes one sentence without its full stop: 'the column "Caption" is read as caption'. */
export type Tell = (sentence: string) => void;

/** Sentences may hold names of columns, which nobody has vetted: so many different ones are kept, of so many characters. */
const SENTENCES = 60;
const SENTENCE_LENGTH = 400;

export class Remarks {
  readonly #counts = new Map<string, number>();
  readonly #said = new Set<string>();
  #others = 0;

  /** The remarks of one record, each counted once. */
  add(sentences: Iterable<string>): void {
    for (const long of new Set(sentences)) {
      const sentence = long.slice(0, SENTENCE_LENGTH);
      const count = this.#counts.get(sentence) ?? 0;
      if (count === 0 && this.#counts.size >= SENTENCES) this.#others += 1;
      else this.#counts.set(sentence, count + 1);
    }
  }

  /** A whole sentence about a file. */
  say(sentence: string): void {
    if (this.#said.size < SENTENCES) this.#said.add(sentence);
  }

  /** What was said of files; then "3 records: the sentence." in the order in which they were first met. */
  notes(): string[] {
    const notes = [...this.#said];
    for (const [sentence, count] of this.#counts) notes.push(`${counted(count, "record")}: ${sentence}.`);
    if (this.#others > 0) notes.push(`${counted(this.#others, "further remark")} of such kinds.`);
    return notes;
  }
}
