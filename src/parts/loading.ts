/** How a model is loaded, by what people call it. */
import type { Recipe } from "../../workers/recipe.ts";

type Module = Recipe["quantizeModules"][number];

/** Keys of a recipe that say how the base is quantised. */
export interface Quantised {
  load_in_4bit: boolean;
  bnb_4bit_quant_type: "nf4" | "fp4";
  bnb_4bit_use_double_quant: boolean;
  quantize_modules: Module[];
}

/** In the order in which recipes name them: the order is part of what tells models apart. */
const moduleNames: [Module, string][] = [
  ["language_model", "Language model"],
  ["multi_modal_projector", "Projector"],
  ["vision_tower", "Vision tower"],
];

/** Modules in 4 bits, with one of them in or out. */
export const withModule = (modules: readonly Module[], module: Module, quantised: boolean): Module[] =>
  moduleNames.map(([name]) => name).filter((name) => (name === module ? quantised : modules.includes(name)));

/** A setting and what it is, in words. */
export interface SettingWords {
  label: string;
  value: string;
}

/** What is quantised and how. */
export function quantisedWords(loading: Quantised): SettingWords[] {
  const { load_in_4bit, bnb_4bit_quant_type, bnb_4bit_use_double_quant, quantize_modules } = loading;
  const storedAs = (module: Module): string =>
    load_in_4bit && quantize_modules.includes(module) ? "in 4 bits" : "as in the checkpoint";
  return [
    ...moduleNames.map(([name, label]) => ({ label, value: storedAs(name) })),
    { label: "4-bit format", value: load_in_4bit ? bnb_4bit_quant_type.toUpperCase() : "none" },
    { label: "Double quantisation", value: load_in_4bit && bnb_4bit_use_double_quant ? "on" : "off" },
  ];
}

/** The keys of a recipe that say how the base is quantised, of one that is sound. */
export const quantisedBy = (recipe: Record<string, unknown>): Quantised => {
  const { load_in_4bit, bnb_4bit_quant_type, bnb_4bit_use_double_quant, quantize_modules } =
    recipe as unknown as Quantised;
  return { load_in_4bit, bnb_4bit_quant_type, bnb_4bit_use_double_quant, quantize_modules };
};
