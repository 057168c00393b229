/** Does a plan fit this adapter, and if not: the one field of the recipe whose change makes it fit. */
import type { AdapterFacts } from "../gpu/device.ts";
import type { MemoryPlan } from "../model/memory-plan.ts";
import type { PlanInfo } from "../protocol.ts";
import type { Recipe } from "../train/recipe.ts";

type Fits = PlanInfo["fits"];

/** A browser tells no free memory: beyond these, machines are known to struggle, and to fail. */
const TIGHT_BYTES = 6e9;
const TOO_MANY_BYTES = 12e9;

/** Fields by the names on the page, least harmful first, and how far down they are worth going. */
const knobs = [
  { label: "Batch size", key: "perDeviceTrainBatchSize", least: 1 },
  { label: "LoRA rank", key: "loraR", least: 4 },
  { label: "Longest row in tokens", key: "maxLength", least: 64 },
] as const;

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
  return { fits, advice: `${what} ${remedy(recipe, planOf, limit)}` };
}

function verdict(plan: MemoryPlan, limit: number): Fits {
  if (plan.largest.bytes > limit || plan.totalBytes > TOO_MANY_BYTES) return "too-large";
  return plan.totalBytes > TIGHT_BYTES ? "tight" : "fits";
}

function remedy(recipe: Recipe, planOf: (recipe: Recipe) => MemoryPlan, limit: number): string {
  for (const { label, key, least } of knobs) {
    for (let value = Math.floor(recipe[key] / 2); value >= least; value = Math.floor(value / 2)) {
      if (verdict(planOf({ ...recipe, [key]: value }), limit) === "fits") return `Set ${label} to ${value}.`;
    }
  }
  return "Choose a smaller model, or open this page on a machine with a larger GPU.";
}
