/** How a model is loaded, by what people call it. */
import type { Recipe } from "../../workers/recipe.ts";
import { words } from "../words/index.ts";

type Module = Recipe["quantizeModules"][number];

/** Keys of a recipe that say how the base is quantised. */
export interface Quantised {
  load_in_4bit: boolean;
  bnb_4bit_quant_type: "nf4" | "fp4";
  bnb_4bit_use_double_quant: boolean;
  quantize_modules: Module[];
}

/** In the order in which recipes name them: the order is part of what tells models apart. */
const MODULES: Module[] = ["language_model", "multi_modal_projector", "vision_tower"];

/** Modules in 4 bits, with one of them in or out. */
export const withModule = (modules: readonly Module[], module: Module, quantised: boolean): Module[] =>
  MODULES.filter((name) => (name === module ? quantised : modules.includes(name)));

/** A setting and what it is, in words. */
export interface SettingWords {
  label: string;
  value: string;
}

/** What is quantised and how. */
export function quantisedWords(loading: Quantised): SettingWords[] {
  const { load_in_4bit, bnb_4bit_quant_type, bnb_4bit_use_double_quant, quantize_modules } = loading;
  const { parts, model } = words();
  const say = model.loading;
  const labels: Record<Module, string> = {
    language_model: parts.loading.language_model,
    multi_modal_projector: say.modules.multi_modal_projector.label,
    vision_tower: say.modules.vision_tower.label,
  };
  const storedAs = (module: Module): string =>
    load_in_4bit && quantize_modules.includes(module) ? parts.loading.packed : say.whole;
  return [
    ...MODULES.map((name) => ({ label: labels[name], value: storedAs(name) })),
    { label: say.format, value: load_in_4bit ? bnb_4bit_quant_type.toUpperCase() : parts.loading.noFormat },
    { label: say.double, value: load_in_4bit && bnb_4bit_use_double_quant ? say.on : say.off },
  ];
}

/** The keys of a recipe that say how the base is quantised, of one that is sound. */
export const quantisedBy = (recipe: Record<string, unknown>): Quantised => {
  const { load_in_4bit, bnb_4bit_quant_type, bnb_4bit_use_double_quant, quantize_modules } =
    recipe as unknown as Quantised;
  return { load_in_4bit, bnb_4bit_quant_type, bnb_4bit_use_double_quant, quantize_modules };
};
