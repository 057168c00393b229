/**
 * A column that says of each row which split it is of (Karpathy's files, many a CSV). As with files that are named for their splits, rows of a
 * held-out split are not trained on where others are of a train split; without those, they are what there is.
 */
import { counted, listed } from "../../words.ts";
import { isColumnOf } from "./columns.ts";
import { isTable, type Source, type TableSource } from "./detect.ts";
import { type HeldOutSplit, MEASURED_BY, NOT_TRAINED_ON, splitOf } from "./folders.ts";
import { pathOfSource } from "./open-drop.ts";
import { RowProblem } from "./problem.ts";
import type { ReadRecord } from "./raw.ts";
import { isRecord, keyText, own } from "./values.ts";

/** A split's name is no longer. */
const NAME_LENGTH = 40;

/** Rows that are read for the first one of a train split: a table of a hub comes over the network. */
const LOOKED_AT = 20_000;

/** The split that a record's own column names. */
export function splitOfRecord(record: unknown): "train" | HeldOutSplit | undefined {
  if (!isRecord(record)) return undefined;
  const name = Object.keys(record).find((name) => isColumnOf(name, "split"));
  const value = name === undefined ? undefined : keyText(own(record, name));
  return value !== undefined && value.length <= NAME_LENGTH ? splitOf(value) : undefined;
}

/** What is known of the split columns of the sources of a drop. */
export class SplitColumns {
  readonly #recordsOf: (source: Source) => AsyncGenerator<ReadRecord>;
  /** Whether some row of a source is to be trained on by name; known once it matters. */
  readonly #trains = new Map<Source, boolean>();
  /** Sources that were looked through as far as is done without a row of a train split. */
  readonly #gaveUp = new Set<Source>();
  readonly #passed = new Map<TableSource, Map<HeldOutSplit, number>>();

  /** `recordsOf` reads a source once more, for the first row of its train split. */
  constructor(recordsOf: (source: Source) => AsyncGenerator<ReadRecord>) {
    this.#recordsOf = recordsOf;
  }

  /** True for a record that is not of the split of `source`. */
  async isElsewhere(record: unknown, source: Source): Promise<boolean> {
    if (!isTable(source)) return false;
    const split = splitOfRecord(record);
    if (source.byColumn) return split !== source.split;
    if (source.split !== undefined || split === undefined) return false;
    if (split === "train") this.#trains.set(source, true);
    if (!this.#trains.has(source)) this.#trains.set(source, await this.#hasTrain(source));
    return split !== "train" && this.#trains.get(source) === true;
  }

  async #hasTrain(source: Source): Promise<boolean> {
    let looked = 0;
    for await (const { parse } of this.#recordsOf(source)) {
      if (++looked > LOOKED_AT) {
        this.#gaveUp.add(source);
        return false;
      }
      try {
        if (splitOfRecord(await parse()) === "train") return true;
      } catch (error) {
        if (!(error instanceof RowProblem)) throw error; // told when its row is read
      }
    }
    return false;
  }

  /** A record of `source` was passed over. */
  pass(record: unknown, source: Source): void {
    const split = splitOfRecord(record);
    if (!isTable(source) || source.byColumn || split === undefined || split === "train") return;
    const counts = this.#passed.get(source) ?? new Map<HeldOutSplit, number>();
    this.#passed.set(source, counts.set(split, (counts.get(split) ?? 0) + 1));
  }

  /** The split that runs are measured by, of all that were passed over. */
  #measured(): HeldOutSplit {
    return [...this.#passed.values()].some((counts) => counts.has("validation")) ? "validation" : "test";
  }

  /** The rows of that split, source by source. */
  heldOut(): TableSource[] {
    const split = this.#measured();
    return [...this.#passed].flatMap(([source, counts]) =>
      counts.has(split) ? [{ ...source, split, byColumn: true }] : [],
    );
  }

  /** A sentence for each source of which rows were passed over, and for each of which too few were. */
  notes(): string[] {
    const measured = this.#measured();
    const passed = [...this.#passed].map(([{ entry }, counts]) => {
      const rows = listed([...counts].map(([split, n]) => `${counted(n, "row")} of the ${split} split`));
      const isAll = counts.size === 1 && counts.has(measured);
      const why = isAll
        ? MEASURED_BY
        : `${NOT_TRAINED_ON}, and the ${measured} split is the one that runs can be measured by`;
      const isOne = counts.size === 1 && [...counts.values()][0] === 1;
      return `${rows} in ${entry.path}, by its split column, ${isOne ? "is" : "are"} left aside: ${why}.`;
    });
    const late = [...this.#gaveUp].filter((source) => this.#trains.get(source));
    return [
      ...passed,
      ...late.map(
        (source) =>
          `${pathOfSource(source)}: rows of held-out splits before its first row of the train split are trained on, because only ${LOOKED_AT} rows are looked through for one; put the train split first, or in a file of its own.`,
      ),
    ];
  }
}
