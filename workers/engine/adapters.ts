/** Adapters of saved runs: as a zip to download, or back on the model for a chat. Neither needs the run to be going. */

import { bundleAdapter } from "../adapter/bundle.ts";
import { modelCard } from "../adapter/card.ts";
import { exportPeft } from "../adapter/peft-export.ts";
import type { AdapterChoice } from "../chat/conversation.ts";
import { readManifest, rowsOfSplit } from "../data/shards/manifest.ts";
import { TabTuneError } from "../errors.ts";
import { Arena, Planner, write } from "../gpu/buffers.ts";
import { type Adapter, allocateAdapter, moduleMatrices } from "../models/adapter.ts";
import { isWeight, trainedValues } from "../models/adapter-slabs.ts";
import { pictureSettingsOf } from "../models/family.ts";
import type { LoadedModel } from "../models/open.ts";
import { familyOf, parseConfig } from "../models/registry.ts";
import { loraScale } from "../recipe.ts";
import type { Store } from "../storage/store.ts";
import { judge } from "../training/best.ts";
import type { LiveAdapter } from "../training/open-run.ts";
import { loraSettings } from "../training/plan.ts";
import { readAbout } from "../training/saved/about.ts";
import { readHeldOut } from "../training/saved/evaluations.ts";
import { originWords, readLineage, titleOf } from "../training/saved/lineage.ts";
import { loadLatest, loadStep } from "../training/saved/load.ts";
import { savedRun } from "../training/saved/runs.ts";

/** Of a saved run: what it ends with (the best one where its recipe says so), the best by its held-out rows, or the last. */
export type WhichAdapter = "end" | "best" | "last";

type Saved = Awaited<ReturnType<typeof savedRun>>;

/** The LoRA slabs of a whole checkpoint; the newest where the best one is not kept. `repair` is off: a save may be going on. */
async function savedSlabs(
  store: Store,
  { info, recipe, evaluations }: Saved,
  which: WhichAdapter,
): Promise<{ step: number; slabs: Float32Array[] }> {
  const { best } = judge(recipe, evaluations);
  const wantsBest = which === "best" || (which === "end" && recipe.loadBestModelAtEnd);
  const generation =
    (wantsBest && best ? await loadStep(store, info.id, best.step, isWeight) : undefined) ??
    (await loadLatest(store, info.id, { repair: false, wanted: isWeight }));
  if (!generation) {
    throw new TabTuneError(
      "bad-checkpoint",
      "This run has no checkpoint yet.",
      "Let it train until its first checkpoint.",
    );
  }
  const slabs: Float32Array[] = [];
  for await (const { name, data } of generation.tensors(isWeight)) {
    slabs[Number(name.slice("lora/".length))] = new Float32Array(data.slice().buffer);
  }
  return { step: generation.step, slabs };
}

/** The matrices of a run's adapter. What they need of the model is kept with the run: it need not be loaded. */
export async function savedModules(store: Store, runId: string, which: WhichAdapter = "end") {
  const saved = await savedRun(store, runId);
  const { info, recipe, log, evaluations } = saved;
  const lineage = await readLineage(store, runId);
  const { step, slabs } = await savedSlabs(store, saved, which);
  const { loraR: rank, loraAlpha: alpha, useRslora } = recipe;
  const config = parseConfig(info.modelConfig);
  const layout = allocateAdapter(new Planner(), config, loraSettings(recipe), { training: false });
  const scale = loraScale({ rank, alpha, useRslora });
  const modules = layout.modules.map((m) => ({ ...m, ...moduleMatrices(m, rank, slabs), rank, scale }));
  const trained = trainedValues(layout, slabs);
  const { trainableParameters } = layout;
  return { info, config, recipe, log, evaluations, lineage, step, modules, trained, trainableParameters };
}

export async function adapterBundle(store: Store, runId: string, which: WhichAdapter = "end"): Promise<Blob> {
  const saved = await savedModules(store, runId, which);
  const { info, config, recipe, log, evaluations, lineage, step, modules, trained, trainableParameters } = saved;
  const { name } = await readAbout(store, runId);
  const settings = {
    names: config.names,
    baseModel: info.modelLabel,
    alpha: recipe.loraAlpha,
    dropout: recipe.loraDropout,
    useRslora: recipe.useRslora,
  };
  const peft = exportPeft(modules, settings, trained);
  const family = familyOf(info.modelConfig);
  const card = modelCard({
    title: titleOf({ ...info, name, lineage }),
    imported: lineage.imported !== undefined,
    began: originWords(lineage),
    baseModel: info.modelLabel,
    modelClass: family.modelClass,
    prompting: info.inference?.prompting,
    // A run of before these were kept had no cap on tiles that its files could say.
    pictures:
      info.inference?.pictures ??
      family.writtenSettings({
        ...{ config, configJson: info.modelConfig, processorJson: {} },
        ...{ ...pictureSettingsOf(recipe), maxImageTiles: null },
      }),
    names: config.names,
    datasetLabel: info.datasetLabel,
    rows: await trainedRows(store, info),
    recipe,
    step,
    maxSteps: info.maxSteps,
    heldOut: evaluations.filter((evaluation) => evaluation.step <= step).at(-1),
    finalLoss: log.filter((r) => r.step <= step).at(-1)?.loss ?? null,
    trainableParameters,
    processor: info.processor,
  });
  return new Blob([bundleAdapter({ ...peft, card })], { type: "application/zip" });
}

/** Rows that a run was trained on; 0 where its data is gone. */
export async function trainedRows(store: Store, { id, datasetId }: Saved["info"]): Promise<number> {
  const manifest = await readManifest(store, datasetId);
  if (!manifest) return 0;
  const heldOut = await readHeldOut(store, id);
  return manifest.rows - rowsOfSplit(manifest) - (heldOut?.from === "share" ? heldOut.positions.length : 0);
}

/** Throws TabTuneError "bad-argument" where a run's adapter was not made on this model. */
export function refuseOtherModel(info: { modelId: string; modelLabel: string }, model: Pick<LoadedModel, "id">): void {
  if (info.modelId === model.id) return;
  throw new TabTuneError(
    "bad-argument",
    `This adapter belongs to ${info.modelLabel}, not to the model that is loaded.`,
    `Load ${info.modelLabel} first.`,
  );
}

/** What a run's adapter is made of, read and checked, for the model that is loaded. Throws "bad-argument" for another model's. */
export async function readAdapterOf(store: Store, model: LoadedModel, { runId, which }: AdapterChoice) {
  const saved = await savedRun(store, runId);
  const { info, recipe } = saved;
  refuseOtherModel(info, model);
  const { step, slabs } = await savedSlabs(store, saved, which ?? "end");
  // Nothing is dropped outside training.
  return { settings: { ...loraSettings(recipe), dropout: undefined }, step, slabs };
}

type ReadAdapter = Awaited<ReturnType<typeof readAdapterOf>>;

export function writeSlabs({ vlm }: LoadedModel, { params }: Adapter, slabs: Float32Array[]): void {
  slabs.forEach((slab, n) => {
    write(vlm.gpu, params[n]!, slab, vlm.counters);
  });
}

/** A read adapter in memory of its own. */
export function standAdapter(model: LoadedModel, { settings, slabs }: ReadAdapter): Omit<LiveAdapter, "runId"> {
  const arena = new Arena(model.vlm.gpu, model.vlm.counters);
  const adapter: Adapter = allocateAdapter(arena, model.config, settings, { training: false });
  writeSlabs(model, adapter, slabs);
  return { adapter, arena };
}

export async function loadAdapterOf(store: Store, model: LoadedModel, choice: AdapterChoice): Promise<LiveAdapter> {
  return { ...choice, ...standAdapter(model, await readAdapterOf(store, model, choice)) };
}

/** The step of the checkpoint whose adapter a run ends with. Throws as `savedRun`, and "bad-checkpoint" where there is none yet. */
export async function endStepOf(store: Store, model: Pick<LoadedModel, "id">, runId: string): Promise<number> {
  const saved = await savedRun(store, runId);
  refuseOtherModel(saved.info, model);
  return (await savedSlabs(store, saved, "end")).step;
}
