/**
 * Jumps of the loss, told when they come. A step's loss is held against the 50 before it: their median, and their spread (the median
 * distance from it, times 1.4826, which is the standard deviation where losses lie normally). Medians, because the next spike must not
 * hide behind the last. A spike lies more than 6 spreads and half as much again above the median; a spread counts as a fiftieth of the
 * median at least, so that a loss that hardly moves is not one spike after the other.
 */
import { median } from "../metrics/averages.ts";
import { shown } from "../words.ts";
import type { Spike, StepRecord } from "./events.ts";

const WINDOW = 50;
/** Before that there is nothing to hold a loss against. */
const LEAST = 20;
const SPREADS = 6;
const TIMES = 1.5;
const LEAST_SPREAD = 0.02;

export class Spikes {
  #before: number[] = [];
  #steps: number[] = [];
  #first = "";

  /** The steps of a run that goes on: they are the window, and their spikes count. */
  goOn(records: readonly StepRecord[]): void {
    this.#before = records.slice(-WINDOW).map(({ loss }) => loss);
    this.#steps = records.filter(({ spike }) => spike).map(({ step }) => step);
  }

  /** What the loss of `step` stands out from; undefined where it does not. */
  add(step: number, loss: number): Spike | undefined {
    const before = this.#before;
    this.#before = [...before, loss].slice(-WINDOW);
    if (before.length < LEAST) return undefined;
    const middle = median(before);
    const distance = median(before.map((value) => Math.abs(value - middle)));
    const spread = Math.max(1.4826 * distance, LEAST_SPREAD * middle);
    if (loss <= Math.max(middle + SPREADS * spread, TIMES * middle)) return undefined;
    this.#steps.push(step);
    const told = `The loss jumped in step ${shown(step)}, to ${loss.toPrecision(3)}: the ${before.length} steps before had ${middle.toPrecision(3)} (median, spread ${spread.toPrecision(2)}).`;
    this.#first ||= told;
    return { median: middle, spread };
  }

  /** Of the first spike since the run began or went on; "" where there was none. */
  get first(): string {
    return this.#first;
  }

  /** Of all of them; "" where it says no more than the first. */
  get total(): string {
    const steps = this.#steps;
    if (steps.length < 2) return "";
    const named = steps.slice(-5).map(shown).join(", ");
    return `In all, the loss jumped in ${shown(steps.length)} steps${steps.length > 5 ? `, last in ${named}` : `: ${named}`}. Where it does not come down again, a lower learning rate or max_grad_norm helps; where it does, look at the rows of these steps.`;
  }
}
