/**
 * Module names of adapters. Inside they are neutral (models/names.ts); a PEFT file has one of the spellings of the model's family, by
 * the transformers that wrote it, behind `base_model.model.`.
 */

import { CONNECTOR, DECODER, DEEPSTACK, type NameScheme, neutralName, spellingsOf, TOWER } from "../models/names.ts";
import { decoderLinears } from "../models/parts/decoder.ts";
import { leavesOf } from "../models/parts/linears.ts";
import { towerLinears } from "../models/parts/tower.ts";

/** Spellings from before and from transformers 4.52 on. */
export type KeyLayout = "old" | "new";

const ROOT = "base_model.model.";

/** LoRA on the language model alone loads everywhere in the old spelling; anything else only where the new one is known. */
export function layoutFor(modules: readonly string[]): KeyLayout {
  return modules.every((module) => module.startsWith(`${DECODER}.`)) ? "old" : "new";
}

/** Key of a neutral module in a PEFT file, without `.lora_A.weight`. */
export function peftPrefix(module: string, layout: KeyLayout, names: NameScheme): string {
  const [old, renamed = old] = spellingsOf(module, names);
  return `${ROOT}${layout === "old" ? old : renamed}`;
}

export interface PeftKey {
  module: string;
  part: "A" | "B";
}

const layer = /^(language_model|vision_tower\.vision_model\.encoder)\.layers\.\d+\.(self_attn|attn|mlp)\.\w+$/;
const connector = new RegExp(`^${CONNECTOR}(\\.\\w+)+$`);
const deepstack = new RegExp(`^${DEEPSTACK}\\.\\d+(\\.\\w+)+$`);

/** The neutral module and matrix that a key of a PEFT file names, in any of the spellings; undefined where it names neither. */
export function parsePeftKey(key: string, names: NameScheme): PeftKey | undefined {
  const match = /^(.+)\.lora_(A|B)(?:\.default)?\.weight$/.exec(key);
  if (match === null || !key.startsWith(ROOT)) return undefined;
  const module = neutralName(match[1]!.slice(ROOT.length), names);
  return [layer, connector, deepstack].some((names) => names.test(module))
    ? { module, part: match[2] as "A" | "B" }
    : undefined;
}

/** The neutral name of a connector's tensor that a key of a PEFT file holds whole, in any of the spellings; else undefined. */
export function parseTrainedKey(key: string, names: NameScheme): string | undefined {
  const name = key.startsWith(ROOT) ? neutralName(key.slice(ROOT.length), names) : "";
  return connector.test(name) && /\.(weight|bias)$/.test(name) && !name.includes(".lora_") ? name : undefined;
}

/** The word by which a part goes in every spelling of a family, the last that they share: "vision_tower". */
export function partWord(neutral: string, names: NameScheme): string {
  const spellings = spellingsOf(`${neutral}.`, names).map((name) => name.split("."));
  const isShared = (word: string) => !["", "model"].includes(word) && spellings.every((words) => words.includes(word));
  return spellings[0]!.findLast(isShared)!;
}

/** A part in the expression. Of a tower whose layers have a path of their own, that: a leaf's name may be another module's beside them. */
function placeOfPart(part: string, names: NameScheme): string {
  const layers = names.find(([neutral]) => part === TOWER && neutral === `${TOWER}.encoder.layers.`)?.[1][0];
  return layers ? layers.replace(/^model\.|\.$/g, "").replaceAll(".", "\\.") : partWord(part, names);
}

/** Whether a family has the part: connectors in between are few families'. */
export const hasPart = (neutral: string, names: NameScheme): boolean =>
  neutral !== DEEPSTACK || names.some(([prefix]) => prefix === `${DEEPSTACK}.`);

/** The path of a part's module as transformers has it from 4.52 on: "model.vision_tower". */
export function partPath(neutral: string, names: NameScheme): string {
  const spellings = spellingsOf(`${neutral}.`, names);
  const words = (spellings[1] ?? spellings[0]!).split(".");
  return words.slice(0, words.indexOf(partWord(neutral, names)) + 1).join(".");
}

const noSizes = { numHeads: 0, numKvHeads: 0, headSize: 0, hiddenSize: 0, intermediateSize: 0, qkvBias: false };
/** Last words of modules in the order of the tables of linears; the connector's, which differ, come behind them by their letters. */
const leafOrder = [...leavesOf(decoderLinears(noSizes)), ...leavesOf(towerLinears(noSizes))];
const placeOf = (leaf: string): number => (leafOrder.includes(leaf) ? leafOrder.indexOf(leaf) : leafOrder.length);

/**
 * `target_modules` that PEFT matches in full against its own module names, of either spelling: one regular expression, because a
 * bare list of leaf names would catch the vision tower's attention as well.
 */
export function targetModulesOf(modules: readonly string[], names: NameScheme): string {
  return [DECODER, TOWER, CONNECTOR, DEEPSTACK]
    .flatMap((part) => {
      const own = modules.filter((module) => module.startsWith(`${part}.`)).map((module) => module.split(".").at(-1)!);
      // Equal adapters are equal bytes, whatever the order of their modules.
      const leaves = [...new Set(own)].sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
      return own.length > 0 ? [`.*${placeOfPart(part, names)}.*\\.(${leaves.join("|")})`] : [];
    })
    .join("|");
}
