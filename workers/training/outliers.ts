/** What a run says of activations beyond f16's range: how many, where, and what became of them. */
import { shown } from "../words.ts";

export class Outliers {
  /** Which layers had some. */
  #layers: boolean[] = [];
  #first = "";
  #steps = 0;
  /** Of those, steps that had some. */
  #met = 0;
  #vectors = 0;

  /** `beyondHalf`: of a `StepReport`. True for the first step that has any: there is something to tell. */
  add(step: number, beyondHalf: readonly number[]): boolean {
    this.#steps += 1;
    const vectors = beyondHalf.reduce((sum, n) => sum + n, 0);
    if (vectors === 0) return false;
    this.#met += 1;
    this.#vectors += vectors;
    this.#layers = beyondHalf.map((n, layer) => n > 0 || this.#layers[layer] === true);
    if (this.#met > 1) return false;
    this.#first = `In step ${shown(step)}, ${this.#counted()} had values beyond 65,504, where f16 ends: each was kept with a power of two of its own, so that nothing is cut off.`;
    return true;
  }

  /** Of the first step that had some; "" where none had. */
  get first(): string {
    return this.#first;
  }

  /** Of all steps; "" where it says no more than that of the first. */
  get total(): string {
    if (this.#met < 2) return "";
    return `In all, ${shown(this.#met)} of ${shown(this.#steps)} steps had such values, in ${this.#counted()}.`;
  }

  /** So far. */
  #counted(): string {
    const layers = this.#layers.filter(Boolean).length;
    const vectors = `${shown(this.#vectors)} activation vector${this.#vectors === 1 ? "" : "s"}`;
    return `${vectors} of ${layers} of ${this.#layers.length} layers`;
  }
}
