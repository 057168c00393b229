/** Does a plan fit this adapter, and if not: the one change of the recipe that makes it fit. */
import type { AdapterFacts } from "../gpu/device.ts";
import type { MemoryPlan } from "../models/memory-plan.ts";
import type { Fits } from "../protocol/model.ts";
import { answersRows, type Recipe } from "../recipe.ts";
import { metricName } from "../training/best.ts";

/** A browser tells no free memory: beyond these, machines are known to struggle, and to fail. */
const TIGHT_BYTES = 6e9;
const TOO_MANY_BYTES = 12e9;

/** A change of the recipe, and how to make it on the page. */
interface Knob {
  change: Partial<Recipe>;
  advice: string;
}

/** Every change that takes memory away, least harmful first: those that leave the numbers (nearly) as they are come before the others. */
function knobs(recipe: Recipe, answerBytes: number): Knob[] {
  const memory: Knob = {
    change: { gradientCheckpointing: null, optim: "adamw_bnb_8bit" },
    advice: "Set Optimizer to AdamW with 8-bit moments (and Activations to automatic).",
  };
  return [
    { change: { gradientCheckpointing: null }, advice: "Set Activations to automatic." },
    ...unanswered(recipe, answerBytes),
    ...halves(recipe.perDeviceTrainBatchSize, 1).map((n) => ({
      change: { perDeviceTrainBatchSize: n },
      advice: `Set Batch size to ${n}.`,
    })),
    memory,
    {
      change: { ...memory.change, quantizeModules: [...new Set([...recipe.quantizeModules, "vision_tower" as const])] },
      advice: `${memory.advice} Load the model with its vision tower in 4 bits (Loading settings).`,
    },
    ...[3, 1].map((n) => ({
      change: { maxImageTiles: n },
      advice: `Load the model with ${n} tiles a picture at most (Loading settings).`,
    })),
    ...[512, 256].map((side) => ({
      change: { maxPixels: side ** 2 },
      advice: `Load the model with pictures of ${side} x ${side} pixels at most (Loading settings).`,
    })),
    ...halves(recipe.loraR, 4).map((n) => ({ change: { loraR: n }, advice: `Set LoRA rank to ${n}.` })),
    ...halves(recipe.maxLength, 64).map((n) => ({
      change: { maxLength: n },
      advice: `Set Longest row in tokens to ${n}.`,
    })),
  ];
}

/** Where answers are what a run goes by, they cannot be left out. Fewer of them take as much: they are written one after the other. */
function unanswered(recipe: Recipe, bytes: number): Knob[] {
  if (!answersRows(recipe) || metricName(recipe) !== "loss") return [];
  const advice = `Set Rows answered (eval_answers) to 0: the answers to held-out rows take ${size(bytes)} of it.`;
  return [{ change: { evalAnswers: 0 }, advice }];
}

/** Half of `value`, a fourth, … down to `least`. */
function halves(value: number, least: number): number[] {
  const half = Math.floor(value / 2);
  return half < least ? [] : [half, ...halves(half, least)];
}

const size = (bytes: number): string =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

/** `planOf` computes the plan of a changed recipe. `advice` is a sentence or two; "" when the plan fits. */
export function fitOf(
  recipe: Recipe,
  planOf: (recipe: Recipe) => MemoryPlan,
  facts: Pick<AdapterFacts, "maxStorageBufferBindingSize">,
): { fits: Fits; advice: string } {
  const limit = facts.maxStorageBufferBindingSize;
  const plan = planOf(recipe);
  const fits = verdict(plan, limit);
  if (fits === "fits") return { fits, advice: "" };
  const { label, bytes } = plan.largest;
  const what =
    bytes > limit
      ? `One GPU buffer (${label}) would have ${size(bytes)}; this GPU allows ${size(limit)}.`
      : `The run would take ${size(plan.totalBytes)} of GPU memory, ${fits === "tight" ? "which not every GPU has" : "more than a tab is likely to get"}.`;
  const all = knobs(recipe, plan.answerBytes);
  const knob =
    all.find(({ change }) => verdict(planOf({ ...recipe, ...change }), limit) === "fits") ??
    (fits === "too-large"
      ? all.find(({ change }) => verdict(planOf({ ...recipe, ...change }), limit) === "tight")
      : undefined);
  const remedy = knob?.advice ?? "Choose a smaller model, or open this page on a machine with a larger GPU.";
  return { fits, advice: `${what} ${remedy}` };
}

function verdict(plan: MemoryPlan, limit: number): Fits {
  return plan.largest.bytes > limit ? "too-large" : fitOfBytes(plan.totalBytes);
}

/** Of a run whose single buffers can all be bound. */
export function fitOfBytes(totalBytes: number): Fits {
  if (totalBytes > TOO_MANY_BYTES) return "too-large";
  return totalBytes > TIGHT_BYTES ? "tight" : "fits";
}
