/**
 * One neutral name for each module, whatever layout the checkpoint has. transformers renamed them twice:
 *   before 4.52   language_model.model.layers…   language_model.lm_head   vision_tower.vision_model.…
 *   4.52 on       model.language_model.layers…   lm_head                  model.vision_tower.vision_model.…
 *   5.x           as 4.52, but the tower may drop `vision_model.`
 * Neutral: language_model.layers…, language_model.embed_tokens, lm_head, vision_tower.vision_model.…, multi_modal_projector.…
 */

/** Tensor names under which a neutral name may lie in a checkpoint, most common first. */
export function checkpointNames(neutral: string): string[] {
  if (neutral.startsWith("lm_head.")) return [`language_model.${neutral}`, neutral, `model.${neutral}`];
  if (neutral.startsWith("language_model.")) {
    const rest = neutral.slice("language_model.".length);
    return [`language_model.model.${rest}`, `model.language_model.${rest}`, neutral];
  }
  if (neutral.startsWith("vision_tower.vision_model.")) {
    const short = neutral.replace("vision_tower.vision_model.", "vision_tower.");
    return [neutral, `model.${neutral}`, `model.${short}`, short];
  }
  return [neutral, `model.${neutral}`];
}

/** Calls `found` on each candidate and returns the first that exists. */
export function resolveName(neutral: string, has: (name: string) => boolean): string | undefined {
  return checkpointNames(neutral).find(has);
}

export const languageLinears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;
export type LanguageLinear = (typeof languageLinears)[number];

/** "language_model.layers.3.self_attn.q_proj" */
export function languageModule(layer: number, linear: LanguageLinear): string {
  const part = linear.endsWith("_proj") && ["gate_proj", "up_proj", "down_proj"].includes(linear) ? "mlp" : "self_attn";
  return `language_model.layers.${layer}.${part}.${linear}`;
}

export type VisionLinear =
  | "self_attn.q_proj"
  | "self_attn.k_proj"
  | "self_attn.v_proj"
  | "self_attn.out_proj"
  | "mlp.fc1"
  | "mlp.fc2";

/** "vision_tower.vision_model.encoder.layers.3.mlp.fc1" */
export function visionModule(layer: number, linear: VisionLinear): string {
  return `vision_tower.vision_model.encoder.layers.${layer}.${linear}`;
}

/** "multi_modal_projector.linear_1" */
export function projectorModule(linear: 1 | 2): string {
  return `multi_modal_projector.linear_${linear}`;
}
