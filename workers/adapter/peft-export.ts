/** LoRA modules -> the two files of a PEFT adapter, byte for byte the same for the same weights. */
import { TabTuneError } from "../errors.ts";
import type { ModuleMatrices, Moments, TrainedValues } from "../models/adapter-slabs.ts";
import { CONNECTOR, type NameScheme } from "../models/names.ts";
import { type TensorEntry, writeSafetensors } from "../weights/formats/safetensors.ts";
import { layoutFor, partWord, peftPrefix, targetModulesOf } from "./peft-names.ts";

export interface AdapterSettings {
  /** How the model's family spells modules. */
  names: NameScheme;
  /** Hub id or folder name of the base model: where `AutoPeftModel` looks for it. */
  baseModel: string;
  alpha: number;
  dropout: number;
  useRslora: boolean;
}

/**
 * The adapter's weights and its config, all modules of one rank; `trained` are the tensors of the projector where it was trained in full.
 * @throws TabTuneError "non-finite-loss" when a weight is not a finite number: such an adapter must not leave the house.
 */
export function exportPeft(
  all: readonly ModuleMatrices[],
  settings: AdapterSettings,
  trained: readonly TrainedValues[] = [],
): { weights: Uint8Array; config: string } {
  const modules = withoutZeros(all);
  const rank = modules[0]?.rank;
  if (rank === undefined || modules.some((module) => module.rank !== rank)) {
    throw new TabTuneError(
      "internal",
      "An adapter needs modules, all of one rank.",
      "Report this error with its text.",
    );
  }
  const names = modules.map(({ module }) => module);
  const saved = trained.length > 0 ? [partWord(CONNECTOR, settings.names)] : null;
  return {
    weights: exportTensors(modules, trained, settings.names),
    config: configJson(rank, targetModulesOf(names, settings.names), saved, settings),
  };
}

/** Without the kinds of linears that the adapter changes nowhere: one that began with an adapter of q_proj and v_proj has only these. */
export function withoutZeros(modules: readonly ModuleMatrices[]): readonly ModuleMatrices[] {
  const kindOf = ({ module }: ModuleMatrices): string => `${module.split(".")[0]} ${module.split(".").at(-1)}`;
  const isZero = (matrix: Float32Array): boolean => matrix.every((value) => value === 0);
  const changed = new Set(modules.filter((m) => !isZero(m.loraA) || !isZero(m.loraB)).map(kindOf));
  return changed.size > 0 ? modules.filter((m) => changed.has(kindOf(m))) : modules;
}

/** Matrices under PEFT's names as one safetensors file: adapter weights, and equally gradients of the same shapes. */
export const exportTensors = (
  modules: readonly ModuleMatrices[],
  trained: readonly TrainedValues[],
  names: NameScheme,
): Uint8Array => writeSafetensors(adapterEntries(modules, trained, names), { format: "pt" });

/** The tensors of such a file. Throws "non-finite-loss" when a value is not finite. */
export function adapterEntries(
  modules: readonly ModuleMatrices[],
  trained: readonly TrainedValues[],
  names: NameScheme,
): TensorEntry[] {
  const layout = layoutFor([...modules.map(({ module }) => module), ...trained.map(({ name }) => name)]);
  const entries = modules.flatMap(({ module, loraA, loraB, rank, inFeatures, outFeatures }) => {
    const prefix = peftPrefix(module, layout, names);
    for (const matrix of [loraA, loraB]) {
      requireFinite(matrix, `A LoRA weight of ${module}`);
    }
    return [
      { name: `${prefix}.lora_A.weight`, dtype: "F32" as const, shape: [rank, inFeatures], data: loraA },
      { name: `${prefix}.lora_B.weight`, dtype: "F32" as const, shape: [outFeatures, rank], data: loraB },
    ];
  });
  const full = trained.map(({ name, shape, values }) => {
    requireFinite(values, `A value of ${name}`);
    return { name: peftPrefix(name, layout, names), dtype: "F32" as const, shape, data: values };
  });
  return [...entries, ...full];
}

/** A moment of Adam under the names that the adapter's file has, with the optimizer's suffix ("exp_avg"). */
export function momentEntries({ modules, trained }: Moments, suffix: string, names: NameScheme): TensorEntry[] {
  return adapterEntries(modules, trained, names).map((entry) => ({ ...entry, name: `${entry.name}.${suffix}` }));
}

function requireFinite(values: Float32Array, what: string): void {
  if (values.every(Number.isFinite)) return;
  throw new TabTuneError(
    "non-finite-loss",
    `${what} is not a finite number.`,
    "Go back to an earlier checkpoint and train with a lower learning rate.",
    "Nothing was written.",
  );
}

/** The fields that every PEFT knows since 0.9: releases before 0.14 stop at one they do not know. */
function configJson(
  rank: number,
  targetModules: string,
  modulesToSave: string[] | null,
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
    modules_to_save: modulesToSave,
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
