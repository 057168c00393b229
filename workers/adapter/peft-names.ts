/**
 * Module names of adapters. Inside they are neutral: `language_model.layers.0.self_attn.q_proj`, `multi_modal_projector.linear_1`,
 * `vision_tower.vision_model.encoder.layers.0.mlp.fc1`. Files have one of three spellings, by the transformers that wrote them:
 *
 *     old, before 4.52   language_model.model.layers.0…   multi_modal_projector…         vision_tower.vision_model.encoder…
 *     new, from 4.52     model.language_model.layers.0…   model.multi_modal_projector…   model.vision_tower.vision_model.encoder…
 *     5.x                as new, but                                                     model.vision_tower.encoder…
 */

export type KeyLayout = "old" | "new";

const ROOT = "base_model.model.";

/** LoRA on the language model alone loads everywhere in the old spelling; anything else only where the new one is known. */
export function layoutFor(modules: readonly string[]): KeyLayout {
  return modules.every((module) => module.startsWith("language_model.")) ? "old" : "new";
}

/** Key of a neutral module in a PEFT file, without `.lora_A.weight`. */
export function peftPrefix(module: string, layout: KeyLayout): string {
  if (layout === "new") return `${ROOT}model.${module}`;
  return `${ROOT}${module.replace(/^language_model\./, "language_model.model.")}`;
}

export interface PeftKey {
  module: string;
  part: "A" | "B";
}

/** The neutral module and matrix that a key of a PEFT file names, in any of the spellings; undefined where it names neither. */
export function parsePeftKey(key: string): PeftKey | undefined {
  const match = /^(.+)\.lora_(A|B)(?:\.default)?\.weight$/.exec(key);
  if (match === null || !key.startsWith(ROOT)) return undefined;
  const path = match[1]!.slice(ROOT.length).replace(/^model\./, "");
  const module = path
    .replace(/^language_model\.model\./, "language_model.")
    .replace(/^vision_tower\.encoder\./, "vision_tower.vision_model.encoder.");
  const known =
    /^(language_model\.layers\.\d+|vision_tower\.vision_model\.encoder\.layers\.\d+)\.(self_attn|mlp)\.\w+$/.test(
      module,
    ) || /^multi_modal_projector\.linear_[12]$/.test(module);
  return known ? { module, part: match[2] as "A" | "B" } : undefined;
}

/** The neutral name of a projector tensor that a key of a PEFT file holds whole, in any of the spellings; else undefined. */
export function parseTrainedKey(key: string): string | undefined {
  const path = key.startsWith(ROOT) ? key.slice(ROOT.length).replace(/^model\./, "") : "";
  return /^multi_modal_projector\.linear_[12]\.(weight|bias)$/.test(path) ? path : undefined;
}

/**
 * `target_modules` that PEFT matches in full against its own module names, of either spelling: one regular expression, because a
 * bare list of leaf names would catch the vision tower's attention as well.
 */
export function targetModulesOf(modules: readonly string[]): string {
  const parts = [
    { tower: "language_model", leaves: ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] },
    { tower: "vision_tower", leaves: ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"] },
    { tower: "multi_modal_projector", leaves: ["linear_1", "linear_2"] },
  ].flatMap(({ tower, leaves }) => {
    const present = leaves.filter((leaf) =>
      modules.some((module) => module.startsWith(`${tower}.`) && module.endsWith(`.${leaf}`)),
    );
    return present.length > 0 ? [`.*${tower}.*\\.(${present.join("|")})`] : [];
  });
  return parts.join("|");
}
