/** What a run of the page begins with beside new matrices: the adapter of a saved run, or one that came as files. */
import type { AdapterFiles } from "../adapter/adapter-files.ts";
import { moduleSizes, otherBase } from "../adapter/module-sizes.ts";
import { importPeft } from "../adapter/peft-import.ts";
import { placedAdapter, recipeKeysOf, untrainable } from "../adapter/placed.ts";
import { TabTuneError } from "../errors.ts";
import { Planner } from "../gpu/buffers.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { filledSlabs } from "../models/adapter-slabs.ts";
import type { OpenedModel } from "../models/open.ts";
import { parseRecipe, type Recipe, type RecipeJson, toHuggingFace } from "../recipe.ts";
import type { Store } from "../storage/store.ts";
import type { AdapterStart } from "../training/open-run.ts";
import { loraSettings } from "../training/plan.ts";
import { readAbout } from "../training/saved/about.ts";
import { readLineage, saveLineage } from "../training/saved/lineage.ts";
import { recordOfModel } from "../training/saved/run-info.ts";
import { deleteRun, saveRunInfo } from "../training/saved/runs.ts";
import { saveGeneration } from "../training/saved/save.ts";
import { refuseOtherModel, savedModules, type WhichAdapter } from "./adapters.ts";

/**
 * A run's adapter as what another run begins with, and that run's recipe, which has the adapter's keys. Without `which`: the one that the
 * run ends with.
 * @throws TabTuneError "bad-argument" where it belongs to another model, "bad-adapter" where it cannot be trained on
 */
export async function startFromRun(
  store: Store,
  model: Pick<OpenedModel, "id">,
  runId: string,
  recipe: Recipe,
  which?: WhichAdapter,
): Promise<{ start: AdapterStart; recipe: Recipe }> {
  const { info, recipe: own, step, modules, trained } = await savedModules(store, runId, which);
  refuseOtherModel(info, model);
  const { imported, origin } = await readLineage(store, runId);
  if (imported?.untrainable) {
    throw new TabTuneError(
      "bad-adapter",
      imported.untrainable,
      "Chat with it or merge it as it is.",
      "Nothing was changed.",
    );
  }
  const byName = new Map(modules.map((m) => [m.module, m]));
  const full = new Map(trained.map(({ name, values }) => [name, values]));
  const { name } = await readAbout(store, runId);
  const label = name || (imported && origin ? origin.label : `${info.modelLabel} on ${info.datasetLabel}`);
  return {
    start: {
      lora: ({ module }) => byName.get(module)!,
      full: (name) => full.get(name),
      origin: { kind: "run", label, runId, step },
    },
    recipe: parseRecipe({ ...toHuggingFace(recipe), ...recipeKeysOf(loraSettings(own)) }),
  };
}

/**
 * Keeps an adapter of files as a run of no steps, so that all that can be done with a run's adapter can be done with it.
 * @param loading the keys of a recipe by which the model was loaded
 * @returns the id it is kept under
 * @throws TabTuneError "bad-adapter" or "bad-safetensors" where it does not fit the model or is damaged; nothing is kept then
 */
export async function keepAdapter(
  store: Store,
  model: OpenedModel,
  loading: RecipeJson,
  files: AdapterFiles,
): Promise<string> {
  const adapter = await importPeft(files.weights, files.config, model.config.names, moduleSizes(model.config));
  const { settings, lora, full } = placedAdapter(adapter);
  const layout = allocateAdapter(new Planner(), model.config, settings, { training: false });
  const slabs = filledSlabs(layout, lora, full);
  const notes = [otherBase(adapter.baseModel, model.files.label, model.configJson)].filter(
    (note) => note !== undefined,
  );
  const id = crypto.randomUUID();
  try {
    await saveLineage(store, id, {
      origin: { kind: "file", label: files.label },
      imported: { untrainable: untrainable(adapter)?.message ?? "", notes },
      more: [],
    });
    await saveRunInfo(store, {
      id,
      createdAt: new Date().toISOString(),
      ...recordOfModel(model),
      datasetId: "",
      datasetLabel: files.label,
      maxSteps: 0,
      status: "done",
      recipe: toHuggingFace(parseRecipe({ ...loading, ...recipeKeysOf(settings) })),
    });
    await saveGeneration(store, id, {
      step: 0,
      state: {},
      tensors: slabs.map((slab, n) => ({ name: `lora/${n}`, data: new Uint8Array(slab.buffer) })),
    });
  } catch (error) {
    await deleteRun(store, id);
    throw error;
  }
  return id;
}
