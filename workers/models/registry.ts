/** `model_type` of config.json -> the family that reads it. The one place that knows which families there are. */
import { TabTuneError } from "../errors.ts";
import type { VlmConfig } from "./config.ts";
import type { Family, Json } from "./family.ts";
import { idefics3, smolvlm } from "./idefics3/idefics3.ts";
import { llava } from "./llava/llava.ts";
import { llavaNext } from "./llava-next/llava-next.ts";
import { llavaOnevision } from "./llava-onevision/llava-onevision.ts";
import { otherKind, refuseOtherConfig } from "./other-kinds.ts";
import { qwen3Vl } from "./qwen3-vl/qwen3-vl.ts";

export const families: Map<string, Family> = new Map(
  [llava, llavaNext, llavaOnevision, idefics3, smolvlm, qwen3Vl].map((family) => [family.modelType, family]),
);

/**
 * The family of a parsed config.json. Throws TabTuneError "not-a-checkpoint" where no family reads it, and what `refuseOtherConfig`
 * throws.
 */
export function familyOf(configJson: unknown): Family {
  const json = (configJson ?? {}) as Json;
  refuseOtherConfig(json);
  const type = json.model_type;
  const family = families.get(String(type));
  if (family) return family;
  throw new TabTuneError(
    "not-a-checkpoint",
    type === undefined
      ? "config.json says no model_type, so it is no model that can be trained here."
      : `config.json ${otherKind(json)}.`,
    `Choose a checkpoint in Hugging Face form of one of these types: ${[...families.keys()].join(", ")}.`,
  );
}

/** Sizes of a model by its config.json. Throws TabTuneError "not-a-checkpoint" or "unsupported-model". */
export const parseConfig = (configJson: unknown): VlmConfig => familyOf(configJson).parseConfig(configJson as Json);
