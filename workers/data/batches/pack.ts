/**
 * Examples -> one micro-batch of token rows laid end to end, without padding: sequences do not see each other, because every token
 * knows where its own begins and ends. The loss does not depend on how a batch is packed.
 */
import { type Example, labelsOf, tilesOf } from "../example.ts";

export interface PackedBatch {
  /** Tokens of all sequences. */
  rows: number;
  inputIds: Uint32Array;
  /** First row, and one past the last row, of the own sequence. */
  starts: Uint32Array;
  ends: Uint32Array;
  /** Rows whose next token is a target, ascending, and those targets. */
  labelRows: Uint32Array;
  targets: Uint32Array;
  examples: Example[];
}

/** `labels[i]` belongs to `examples[i]` (labelsOf): -100 is no target; the target of position t is labels[t+1]. */
export function packExamples(examples: Example[], labels: Int32Array[]): PackedBatch {
  const rows = examples.reduce((sum, e) => sum + e.inputIds.length, 0);
  const inputIds = new Uint32Array(rows);
  const starts = new Uint32Array(rows);
  const ends = new Uint32Array(rows);
  const labelRows: number[] = [];
  const targets: number[] = [];
  let at = 0;
  examples.forEach((example, i) => {
    const length = example.inputIds.length;
    inputIds.set(example.inputIds, at);
    for (let t = 0; t < length; t++) {
      starts[at + t] = at;
      ends[at + t] = at + length;
      const target = t + 1 < length ? labels[i]![t + 1]! : -100;
      if (target !== -100) {
        labelRows.push(at + t);
        targets.push(target);
      }
    }
    at += length;
  });
  return {
    rows,
    inputIds,
    starts,
    ends,
    labelRows: Uint32Array.from(labelRows),
    targets: Uint32Array.from(targets),
    examples,
  };
}

/** Cuts a batch, in order, into packs of at most `capacity` tokens and `tileCapacity` picture tiles; one row always fits. */
export function splitByCapacity(examples: Example[], capacity: number, tileCapacity: number): Example[][] {
  const packs: Example[][] = [];
  let tokens = 0;
  let tiles = 0;
  for (const example of examples) {
    const t = example.inputIds.length;
    const p = tilesOf(example);
    if (packs.length === 0 || tokens + t > capacity || tiles + p > tileCapacity) {
      packs.push([]);
      tokens = 0;
      tiles = 0;
    }
    packs.at(-1)!.push(example);
    tokens += t;
    tiles += p;
  }
  return packs;
}

/** How much one pass takes. */
export interface PassRoom {
  /** Token rows. */
  rows: number;
  tiles: number;
}

/** Examples as the packs of so many passes, in order. */
export const packsOf = (
  examples: Example[],
  trainOn: Parameters<typeof labelsOf>[1],
  { rows, tiles }: PassRoom,
): PackedBatch[] =>
  splitByCapacity(examples, rows, tiles).map((group) =>
    packExamples(
      group,
      group.map((example) => labelsOf(example, trainOn)),
    ),
  );

/** Packs, in order, in groups of at most `tileCapacity` picture tiles; one pack always fits. */
export function groupsOf(packs: readonly PackedBatch[], tileCapacity: number): PackedBatch[][] {
  const groups: PackedBatch[][] = [];
  let tiles = 0;
  for (const pack of packs) {
    const own = pack.examples.reduce((sum, example) => sum + tilesOf(example), 0);
    if (groups.length === 0 || tiles + own > tileCapacity) {
      groups.push([]);
      tiles = 0;
    }
    groups.at(-1)!.push(pack);
    tiles += own;
  }
  return groups;
}
