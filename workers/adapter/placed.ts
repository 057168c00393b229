/**
 * An adapter from outside in the form that the model's adapter has: all modules of one rank and one scale, and zeros where it changes
 * nothing. A module of zeros stays so in training, as one that PEFT did not adapt: what reaches A comes through B, and what reaches B
 * through A.
 */
import { TabTuneError } from "../errors.ts";
import type { LoraModule } from "../models/adapter.ts";
import { CONNECTOR, DECODER } from "../models/names.ts";
import type { LoraSettings } from "../models/parts/lora.ts";
import { limitsOf, loraScale, type RecipeJson } from "../recipe.ts";
import type { ImportedAdapter } from "./peft-import.ts";
import { uniformAdapter } from "./uniform.ts";

export interface PlacedAdapter {
  settings: LoraSettings;
  /** A [rank, in] and B [out, rank] of any module of the model. */
  lora(m: Pick<LoraModule, "module" | "inFeatures" | "outFeatures">): { loraA: Float32Array; loraB: Float32Array };
  /** A tensor that was trained in full, by its neutral name. */
  full(name: string): Float32Array | undefined;
}

/** Throws TabTuneError "bad-adapter" where the kernels cannot run it. */
export function placedAdapter({ modules, trained, lora }: ImportedAdapter): PlacedAdapter {
  const { rank, scale, modules: uniform } = uniformAdapter(modules);
  const most = limitsOf("lora_r").max;
  if (rank > most)
    throw refuse(`The adapter's rank is ${rank}; at most ${most} can be run.`, "Choose another adapter.");
  const byName = new Map(uniform.map((m) => [m.module, m]));
  const full = new Map(trained.map(({ name, values }) => [name, values]));
  const twice = [...byName.keys()].find((module) => full.size > 0 && module.startsWith(`${CONNECTOR}.`));
  if (twice !== undefined) {
    throw refuse(
      `The adapter trains ${twice} in full and with LoRA; only one of both can be run.`,
      "Choose another adapter.",
    );
  }
  const wide = uniform.some((m) => !m.module.startsWith(`${DECODER}.`));
  // As its config has it, so that it goes out as it came in; with patterns, what comes to the same.
  const plain = rank === lora.rank && scale === loraScale(lora);
  return {
    settings: {
      rank,
      alpha: plain ? lora.alpha : scale * rank,
      useRslora: plain && lora.useRslora,
      targets: wide ? "all-linear" : "language-model",
      trainProjector: full.size > 0,
    },
    lora({ module, inFeatures, outFeatures }) {
      const found = byName.get(module);
      return {
        loraA: found?.loraA ?? new Float32Array(rank * inFeatures),
        loraB: found?.loraB ?? new Float32Array(rank * outFeatures),
      };
    },
    full: (name) => full.get(name),
  };
}

/**
 * Why training on would not be what PEFT does, as an error; undefined where it would. The matrices of a module with another scale would
 * have to be scaled, and Adam does not see through that.
 */
export function untrainable({ modules }: ImportedAdapter): TabTuneError | undefined {
  const scales = [...new Set(modules.map(({ scale }) => scale))];
  if (scales.length === 1) return undefined;
  return refuse(
    `The adapter's modules have ${scales.length} different scales (alpha / rank from ${Math.min(...scales)} to ${Math.max(...scales)}); training on needs one for all.`,
    "Chat with it or merge it as it is, or begin a new adapter.",
  );
}

/** The keys of a recipe that say what the adapter is, in Hugging Face names: a run that begins with it has these. */
export function recipeKeysOf({ rank, alpha, useRslora, targets, trainProjector }: LoraSettings): RecipeJson {
  return {
    lora_r: rank,
    lora_alpha: alpha,
    use_rslora: useRslora,
    target_modules: targets ?? "language-model",
    modules_to_save: trainProjector ? ["multi_modal_projector"] : null,
  };
}

const refuse = (message: string, remedy: string): TabTuneError =>
  new TabTuneError("bad-adapter", message, remedy, "The model is unchanged.");
