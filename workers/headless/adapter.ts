/** `--adapter`: a PEFT adapter on this disk, as a folder or a zip, held against the model. */
import { type AdapterFiles, adapterIn } from "../adapter/adapter-files.ts";
import { moduleSizes, otherBase } from "../adapter/module-sizes.ts";
import { type ImportedAdapter, importPeft } from "../adapter/peft-import.ts";
import { placedAdapter, recipeKeysOf, untrainable } from "../adapter/placed.ts";
import { TabTuneError } from "../errors.ts";
import { Arena } from "../gpu/buffers.ts";
import { type Adapter, allocateAdapter } from "../models/adapter.ts";
import { writeAdapter } from "../models/adapter-slabs.ts";
import type { VlmConfig } from "../models/config.ts";
import type { LoadedModel, OpenedModel } from "../models/open.ts";
import { parseRecipe, type Recipe, toHuggingFace } from "../recipe.ts";
import type { AdapterStart } from "../training/open-run.ts";
import { dataFiles, note } from "./open.ts";

/** What an adapter is held against: a model's sizes, its label and its config.json. */
interface Base {
  config: VlmConfig;
  label: string;
  configJson: unknown;
}

/** The two files of an adapter on this disk. Throws TabTuneErrors "missing-file" and "bad-adapter". */
export async function adapterAt(target: string): Promise<AdapterFiles> {
  const { files, label } = await dataFiles(target);
  const found = await adapterIn(files, label);
  if (found) return found;
  throw new TabTuneError(
    "bad-adapter",
    `${target} holds no PEFT adapter.`,
    "Give a folder or a zip with adapter_model.safetensors and adapter_config.json in it.",
  );
}

/** Throws TabTuneErrors "missing-file", "bad-adapter" and "bad-safetensors". Another base model by name is told, not refused. */
export async function importedAdapter(target: string, base: Base): Promise<ImportedAdapter & { label: string }> {
  const found = await adapterAt(target);
  const { names } = base.config;
  const adapter = await importPeft(found.weights, found.config, names, moduleSizes(base.config));
  const other = otherBase(adapter.baseModel, base.label, base.configJson);
  if (other) note(other);
  return { ...adapter, label: found.label };
}

const baseOf = (model: OpenedModel): Base => ({
  config: model.config,
  label: model.files.label,
  configJson: model.configJson,
});

/** The adapter on the GPU, to be talked to; undefined where none was given. Throws as `importedAdapter` does. */
export async function adapterOnGpu(model: LoadedModel, target: string | undefined): Promise<Adapter | undefined> {
  if (target === undefined) return undefined;
  // It is held against the model before anything is allocated for it.
  const { settings, lora, full } = placedAdapter(await importedAdapter(target, baseOf(model)));
  const arena = new Arena(model.vlm.gpu, model.vlm.counters);
  const adapter = allocateAdapter(arena, model.config, settings, { training: false });
  writeAdapter(model.vlm, adapter, lora, full);
  return adapter;
}

/**
 * What a run begins with, and its recipe: the keys that say what the adapter is are the adapter's, as PEFT has it, and what that changes
 * is told. Throws as `importedAdapter` does, and "bad-adapter" where it cannot be trained on.
 */
export async function startOf(
  model: OpenedModel,
  given: Recipe,
  target: string,
): Promise<{ start: AdapterStart; recipe: Recipe }> {
  const imported = await importedAdapter(target, baseOf(model));
  const obstacle = untrainable(imported);
  if (obstacle) throw obstacle;
  const { settings, lora, full } = placedAdapter(imported);
  const recipe = withKeys(given, recipeKeysOf(settings));
  const { dropout } = imported.lora;
  if (dropout !== recipe.loraDropout) {
    note(`lora_dropout is ${recipe.loraDropout}, as the recipe says; the adapter's config has ${dropout}.`);
  }
  return { start: { lora, full, origin: { kind: "file", label: imported.label } }, recipe };
}

/** The recipe with these keys, in Hugging Face names; those that change are told. */
export function withKeys(given: Recipe, keys: Record<string, unknown>): Recipe {
  const before = toHuggingFace(given);
  const shown = (value: unknown): string => JSON.stringify(value);
  const changed = Object.keys(keys).filter((key) => shown(keys[key]) !== shown(before[key]));
  if (changed.length > 0) {
    const words = changed.map((key) => `${key} ${shown(keys[key])}, not ${shown(before[key])}`);
    note(`The adapter that the run begins with decides: ${words.join("; ")}.`);
  }
  return parseRecipe({ ...before, ...keys });
}
