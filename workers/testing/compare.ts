/** How a run is held against the oracle's. Tests only. */
import type { ModuleMatrices } from "../models/adapter-slabs.ts";
import type { Golden } from "./golden.ts";
import { relativeError } from "./gpu.ts";

/** Accepted errors of float32 kernels; the noise of summing in another order is a hundredth of each. */
export const accept = {
  pixels: 2e-6,
  features: 1e-5,
  nll: 5e-5,
  loss: 1e-5,
  gradNorm: 1e-4,
  firstGradients: 1e-4,
  /** A's gradient carries the sign-like first Adam step of B. */
  laterGradients: 3e-3,
  moments: 5e-3,
  update: 1e-3,
  /** A greedy id counts only while the best logit leads by this much. */
  margin: 0.02,
};

/** Worst relative error over all matrices of `actual` that the oracle stored under `prefix`, and how many there are. */
export function compare(golden: Golden, prefix: string, actual: ModuleMatrices[]): { error: number; count: number } {
  let error = 0;
  let count = 0;
  for (const m of actual) {
    for (const [part, values] of [
      ["A", m.loraA],
      ["B", m.loraB],
    ] as const) {
      const expected = golden.tensor(`${prefix}/${m.module}.lora_${part}`);
      if (!expected) continue;
      error = Math.max(error, relativeError(values, expected));
      count += 1;
    }
  }
  return { error, count };
}

/**
 * The final adapter. A bound on single elements would be wrong: where a gradient is next to zero, Adam's first step may go
 * either way. So: the share of elements that are off, in units of the learning rate, and the direction of the whole update.
 */
export function compareFinal(
  golden: Golden,
  run: string,
  initRun: string,
  adapter: ModuleMatrices[],
  learningRate: number,
) {
  let [elements, offTenth, offHundredth, dot, own, other] = [0, 0, 0, 0, 0, 0];
  for (const m of adapter) {
    for (const [part, values] of [
      ["A", m.loraA],
      ["B", m.loraB],
    ] as const) {
      const expected = golden.tensor(`${run}/final/${m.module}.lora_${part}`)!;
      const start = golden.tensor(`${initRun}/init/${m.module}.lora_${part}`);
      values.forEach((value, i) => {
        const off = Math.abs(value - expected[i]!) / learningRate;
        elements += 1;
        if (off > 0.1) offTenth += 1;
        if (off > 0.01) offHundredth += 1;
        const x = value - (start?.[i] ?? 0);
        const y = expected[i]! - (start?.[i] ?? 0);
        dot += x * y;
        own += x * x;
        other += y * y;
      });
    }
  }
  return {
    offTenth: offTenth / elements,
    offHundredth: offHundredth / elements,
    turned: 1 - dot / Math.sqrt(own * other),
  };
}
