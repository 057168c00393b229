/** LoRA modules -> the two files of a PEFT adapter, byte for byte the same for the same weights. */
import { TabTuneError } from "../errors.ts";
import { writeSafetensors } from "../hub/safetensors.ts";
import { layoutFor, peftPrefix, targetModulesOf } from "./names.ts";

export interface LoraMatrices {
  /** Neutral name. */
  module: string;
  /** [rank, inFeatures] */
  loraA: Float32Array;
  /** [outFeatures, rank] */
  loraB: Float32Array;
  rank: number;
  inFeatures: number;
  outFeatures: number;
}

export interface AdapterSettings {
  /** Hub id or folder name of the base model: where `AutoPeftModel` looks for it. */
  baseModel: string;
  alpha: number;
  dropout: number;
  useRslora: boolean;
}

export const WEIGHTS_FILE = "adapter_model.safetensors";
export const CONFIG_FILE = "adapter_config.json";

/**
 * The adapter's weights and its config, all modules of one rank.
 * @throws TabTuneError "non-finite-loss" when a weight is not a finite number: such an adapter must not leave the house.
 */
export function exportPeft(
  modules: readonly LoraMatrices[],
  settings: AdapterSettings,
): { weights: Uint8Array; config: string } {
  const rank = modules[0]?.rank;
  if (rank === undefined || modules.some((module) => module.rank !== rank)) {
    throw new TabTuneError(
      "internal",
      "An adapter needs modules, all of one rank.",
      "Report this error with its text.",
    );
  }
  const names = modules.map(({ module }) => module);
  return { weights: exportTensors(modules), config: configJson(rank, targetModulesOf(names), settings) };
}

/** Matrices under PEFT's names as one safetensors file: adapter weights, and equally gradients of the same shapes. */
export function exportTensors(modules: readonly LoraMatrices[]): Uint8Array {
  const layout = layoutFor(modules.map(({ module }) => module));
  const entries = modules.flatMap(({ module, loraA, loraB, rank, inFeatures, outFeatures }) => {
    const prefix = peftPrefix(module, layout);
    for (const matrix of [loraA, loraB]) {
      if (!matrix.every(Number.isFinite)) {
        throw new TabTuneError(
          "non-finite-loss",
          `A LoRA weight of ${module} is not a finite number.`,
          "Go back to an earlier checkpoint and train with a lower learning rate.",
          "Nothing was written.",
        );
      }
    }
    return [
      { name: `${prefix}.lora_A.weight`, dtype: "F32" as const, shape: [rank, inFeatures], data: loraA },
      { name: `${prefix}.lora_B.weight`, dtype: "F32" as const, shape: [outFeatures, rank], data: loraB },
    ];
  });
  return writeSafetensors(entries, { format: "pt" });
}

/** The fields that every PEFT knows since 0.9: releases before 0.14 stop at one they do not know. */
function configJson(
  rank: number,
  targetModules: string,
  { baseModel, alpha, dropout, useRslora }: AdapterSettings,
): string {
  const config = {
    alpha_pattern: {},
    base_model_name_or_path: baseModel,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: alpha,
    lora_dropout: dropout,
    modules_to_save: null,
    peft_type: "LORA",
    r: rank,
    rank_pattern: {},
    target_modules: targetModules,
    task_type: "CAUSAL_LM",
    use_dora: false,
    use_rslora: useRslora,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
