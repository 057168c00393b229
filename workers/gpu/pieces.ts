/** A program's dispatches one after the other, those that would run long in pieces of whole workgroups. */
import { type Budget, expectedSeconds, type KernelPace } from "./pace.ts";
import { type Dims, evaluate, type Size } from "./sizes.ts";

/** What is to be known of a dispatch. */
export interface Cuttable<K extends string = string> {
  kernel: { sliced?: true };
  /** A dispatch without workgroups is left out. */
  workgroups: [Size<K>, Size<K>, Size<K>];
  flops: Size<K>;
}

/** Workgroups along x, y and z. */
export type Grid = readonly [x: number, y: number, z: number];

/** `n` in as few parts of nearly equal size as parts of `most` (one at least) can be. */
const even = (n: number, most: number): number => Math.ceil(n / Math.ceil(n / Math.max(1, Math.floor(most))));

/**
 * The next piece of a grid of which all before `at` is done (x runs fastest): at most `limit` workgroups, but one at least. Whole
 * layers, else whole rows of one layer, else part of a row.
 */
export function pieceOf([x, y, z]: Grid, at: Grid, limit: number): Grid {
  if (at[0] > 0 || limit < x) return [even(x - at[0], limit), 1, 1];
  if (at[1] > 0 || limit < x * y) return [x, even(y - at[1], limit / x), 1];
  return [x, y, even(z - at[2], limit / (x * y))];
}

/** Walks through a replay; numbers rather than objects, because a step has thousands of pieces. */
export class Pieces<K extends string, T extends Cuttable<K>> {
  readonly #all: T[];
  readonly #paces: KernelPace[];
  readonly #dims: Dims<K>;
  #n = -1;
  #grid: Grid = [0, 0, 0];
  #groups = 0;
  #flops = 0;
  /** First workgroup of the current piece. */
  x = 0;
  y = 0;
  z = 0;
  /** Its workgroups. */
  sizeX = 0;
  sizeY = 0;
  sizeZ = 0;
  /** What it is expected to take. */
  seconds = 0;

  /** `paces` of the dispatches, one each. */
  constructor(all: T[], paces: KernelPace[], dims: Dims<K>) {
    this.#all = all;
    this.#paces = paces;
    this.#dims = dims;
    this.#nextDispatch();
  }

  get done(): boolean {
    return this.#n >= this.#all.length;
  }
  /** The dispatch that the current piece is of. */
  get of(): T {
    return this.#all[this.#n]!;
  }
  get pace(): KernelPace {
    return this.#paces[this.#n]!;
  }

  /** Cuts the current piece by what is known now. */
  cut({ dispatchMs, leastFlops, leastGroups }: Budget): void {
    const [x, y, z] = this.#grid;
    const seconds = expectedSeconds(this.pace, this.#flops);
    const share = this.of.kernel.sliced ? Math.max(dispatchMs / 1000 / seconds, leastFlops / this.#flops) : 1;
    const limit = Math.max(leastGroups, share * this.#groups);
    if (limit >= this.#groups && this.x + this.y + this.z === 0) {
      this.sizeX = x;
      this.sizeY = y;
      this.sizeZ = z;
      this.seconds = seconds;
      return;
    }
    [this.sizeX, this.sizeY, this.sizeZ] = pieceOf(this.#grid, [this.x, this.y, this.z], limit);
    this.seconds = (seconds * this.sizeX * this.sizeY * this.sizeZ) / this.#groups;
  }

  /** The current piece is sent: goes to the next, which is not cut yet. */
  advance(): void {
    const [x, y, z] = this.#grid;
    this.x += this.sizeX;
    if (this.x < x) return;
    this.x = 0;
    this.y += this.sizeY;
    if (this.y < y) return;
    this.y = 0;
    this.z += this.sizeZ;
    if (this.z >= z) this.#nextDispatch();
  }

  #nextDispatch(): void {
    this.x = this.y = this.z = 0;
    for (this.#n += 1; !this.done; this.#n += 1) {
      const { workgroups, flops } = this.of;
      const x = evaluate(workgroups[0], this.#dims);
      const y = evaluate(workgroups[1], this.#dims);
      const z = evaluate(workgroups[2], this.#dims);
      this.#groups = x * y * z;
      if (this.#groups === 0) continue;
      this.#grid = [x, y, z];
      this.#flops = evaluate(flops, this.#dims);
      return;
    }
  }
}
