/** Adapters of saved runs: as a zip to download, or back on the model for a chat. Neither needs the run to be going. */

import { bundleAdapter } from "../adapter/bundle.ts";
import { modelCard } from "../adapter/card.ts";
import { exportPeft } from "../adapter/peft-export.ts";
import { openDataset } from "../data/shards/dataset.ts";
import { TabTuneError } from "../errors.ts";
import { Arena, Planner, write } from "../gpu/buffers.ts";
import { type Adapter, allocateAdapter, moduleMatrices } from "../models/adapter.ts";
import { trainedValues } from "../models/adapter-slabs.ts";
import type { LoadedModel } from "../models/open.ts";
import { familyOf, parseConfig } from "../models/registry.ts";
import type { Store } from "../storage/store.ts";
import type { LiveAdapter } from "../training/open-run.ts";
import { loraSettings } from "../training/plan.ts";
import { loadLatest } from "../training/saved/load.ts";
import { savedRun } from "../training/saved/runs.ts";

/** The LoRA slabs of the newest whole checkpoint. `repair` is off: a save may be going on. */
async function savedSlabs(store: Store, runId: string): Promise<{ step: number; slabs: Float32Array[] }> {
  const generation = await loadLatest(store, runId, { repair: false });
  if (!generation) {
    throw new TabTuneError(
      "bad-checkpoint",
      "This run has no checkpoint yet.",
      "Let it train until its first checkpoint.",
    );
  }
  const slabs: Float32Array[] = [];
  for await (const { name, data } of generation.tensors((n) => n.startsWith("lora/"))) {
    slabs[Number(name.slice("lora/".length))] = new Float32Array(data.slice().buffer);
  }
  return { step: generation.step, slabs };
}

/** The matrices of a run's newest checkpoint. What they need of the model is kept with the run: it need not be loaded. */
export async function savedModules(store: Store, runId: string) {
  const { info, recipe, log } = await savedRun(store, runId);
  const { step, slabs } = await savedSlabs(store, runId);
  const { loraR: rank, loraAlpha, useRslora } = recipe;
  const config = parseConfig(info.modelConfig);
  const layout = allocateAdapter(new Planner(), config, loraSettings(recipe), { training: false });
  const scale = loraAlpha / (useRslora ? Math.sqrt(rank) : rank);
  const modules = layout.modules.map((m) => ({ ...m, ...moduleMatrices(m, rank, slabs), rank, scale }));
  const trained = trainedValues(layout, slabs);
  return { info, config, recipe, log, step, modules, trained, trainableParameters: layout.trainableParameters };
}

export async function adapterBundle(store: Store, runId: string): Promise<Blob> {
  const { info, config, recipe, log, step, modules, trained, trainableParameters } = await savedModules(store, runId);
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
    title: `${info.modelLabel} on ${info.datasetLabel}`,
    baseModel: info.modelLabel,
    modelClass: family.modelClass,
    pictureSettings: family.pictureSettings,
    names: config.names,
    datasetLabel: info.datasetLabel,
    rows: (await openDataset(store, info.datasetId))?.rows ?? 0,
    recipe,
    step,
    maxSteps: info.maxSteps,
    finalLoss: log.filter((r) => r.step <= step).at(-1)?.loss ?? null,
    trainableParameters,
    processor: info.processor,
  });
  return new Blob([bundleAdapter({ ...peft, card })], { type: "application/zip" });
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

export async function loadAdapterOf(store: Store, model: LoadedModel, runId: string): Promise<LiveAdapter> {
  const { info, recipe } = await savedRun(store, runId);
  refuseOtherModel(info, model);
  const { slabs } = await savedSlabs(store, runId);
  const arena = new Arena(model.vlm.gpu, model.vlm.counters);
  const adapter: Adapter = allocateAdapter(arena, model.config, loraSettings(recipe), { training: false });
  slabs.forEach((slab, n) => {
    write(model.vlm.gpu, adapter.params[n]!, slab, model.vlm.counters);
  });
  return { runId, adapter, arena };
}
