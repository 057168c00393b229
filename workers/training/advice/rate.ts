/**
 * The learning rate that is usual for an adapter. What it follows:
 * - 0.0002 for models of 7B: QLoRA (Dettmers 2023: rank 64, alpha 16), LLaVA's LoRA script (rank 128, alpha 256), Unsloth's guide. It is
 *   ten times the rate of full training, as "LoRA Without Regret" (Schulman 2025) measured for all ranks.
 * - The same rate for every scale that these have, alpha/r from 0.25 to 2; an adapter beyond is moved by scale × rate, so the rate makes up.
 * - Smaller models bear more, as (1/width)^0.781: the exponent of Tinker's cookbook for Llama models. It gives 0.00012 for 65B, where
 *   QLoRA took 0.0001, and 0.002 for the demo model.
 */
import { loraScale, type Recipe } from "../../recipe.ts";

const RATE = 2e-4;
/** Hidden size of the models that the rate is of. */
const WIDTH = 4096;
const EXPONENT = 0.781;
const SCALES = { least: 0.25, most: 2 };

type LoraKeys = Pick<Recipe, "loraR" | "loraAlpha" | "useRslora">;

/** `loraScale` of a recipe. */
export const scaleOf = ({ loraR: rank, loraAlpha: alpha, useRslora }: LoraKeys): number =>
  loraScale({ rank, alpha, useRslora });

/** The usual rate for an adapter of this scale on a model of this hidden size. */
export function usualRate(lora: LoraKeys, hiddenSize: number): number {
  const scale = scaleOf(lora);
  const known = Math.min(SCALES.most, Math.max(SCALES.least, scale));
  return ((RATE * known) / scale) * (WIDTH / hiddenSize) ** EXPONENT;
}
