/** The whole bench, section by section. Needs a page: onnxruntime-web, jax-js and tfjs run in browsers. */

import { devDependencies } from "../package.json";
import { openGpu } from "../workers/gpu/device.ts";
import { compareBlock } from "./block.ts";
import { compareDense } from "./dense.ts";
import { goals, projection } from "./goals.ts";
import { compareDecode, compareLinear } from "./linear.ts";
import { clockOf } from "./measure.ts";
import { installMeter } from "./meter.ts";
import { openBench } from "./own.ts";
import { measurePeak } from "./peak.ts";
import type { Comparison, PeerResults } from "./results.ts";
import { sizesFor, tinyLlava } from "./sizes.ts";

/** Sums in another order differ by this much at most; a wrong kernel differs by far more. */
const PRODUCT_TOLERANCE = 1e-4;
const BLOCK_TOLERANCE = 1e-3;

/**
 * Opens the adapter and measures. `report` is told what is being measured, and how far it is (0 to 1).
 * Throws TabTuneError "no-webgpu", or what went wrong on our side; what goes wrong on a peer's side is in the results.
 */
export async function runBench(
  quick: boolean,
  report: (words: string, fraction: number) => void,
): Promise<PeerResults> {
  const gpu = await openGpu(navigator.gpu);
  const bench = openBench(gpu);
  const sizes = sizesFor(gpu.facts.software, quick);
  const meter = installMeter();
  const clock = clockOf(gpu.facts.software);
  const rules = { rounds: sizes.rounds, targetMs: sizes.targetMs, tolerance: PRODUCT_TOLERANCE, meter, clock };
  const sections = 2 + sizes.linear.length + sizes.dense.length + sizes.decode.length;
  let done = 0;
  const next = (words: string): void => report(words, done++ / sections);
  try {
    next("The adapter's own peak");
    const peak = await measurePeak(bench, sizes.peak, rules);
    const comparisons: Comparison[] = [];
    for (const c of sizes.linear) {
      next(`NF4 linear: ${c.rows} rows, ${c.in} → ${c.out}`);
      comparisons.push(await compareLinear(bench, c, rules));
    }
    for (const c of sizes.dense) {
      next(`Dense linear: ${c.rows} rows, ${c.in} → ${c.out}`);
      comparisons.push(await compareDense(bench, c, rules));
    }
    next("A LoRA block, forward and backward");
    const block = await compareBlock(bench, tinyLlava, sizes.block, { ...rules, tolerance: BLOCK_TOLERANCE });
    comparisons.push(block.comparison);
    for (const c of sizes.decode) {
      next(`Decode: ${c.in} → ${c.out}`);
      comparisons.push(await compareDecode(bench, c, rules));
    }
    gpu.alive();
    report("Done", 1);
    return {
      date: new Date().toISOString(),
      browser: navigator.userAgent,
      versions: {
        "onnxruntime-web": devDependencies["onnxruntime-web"],
        "jax-js": devDependencies["@jax-js/jax"],
        tfjs: devDependencies["@tensorflow/tfjs-backend-webgpu"],
      },
      adapter: gpu.facts,
      sizes: sizes.name,
      clock: clock.name,
      peak,
      comparisons,
      blockDispatches: block.dispatches,
      goals: goals(comparisons, block.dispatches),
      projection: projection(comparisons),
    };
  } finally {
    meter.remove();
    gpu.destroy();
  }
}
