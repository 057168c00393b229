/** What a handed-over run begins with, without a GPU: the seed's matrices, an adapter's, or those of a saved run with its moments. */
import { TabTuneError } from "../errors.ts";
import { Planner } from "../gpu/buffers.ts";
import { type Adapter, allocateAdapter, moduleMatrices } from "../models/adapter.ts";
import { filledSlabs, type ModuleMatrices, type Moments, trainedValues } from "../models/adapter-slabs.ts";
import { initialLora } from "../models/lora-init.ts";
import type { OpenedModel } from "../models/open.ts";
import type { Recipe } from "../recipe.ts";
import type { Store } from "../storage/store.ts";
import type { AdapterStart } from "../training/open-run.ts";
import { loraSettings } from "../training/plan.ts";
import { loadLatest } from "../training/saved/load.ts";
import { trainerStateOf } from "../training/saved/restore.ts";
import { ofNewerVersion } from "../training/saved/run-info.ts";
import type { Beginning } from "./handed.ts";

const begins = { moments: undefined, step: 0, position: { epoch: 0, index: 0 } } as const;

const layoutOf = ({ config }: OpenedModel, recipe: Recipe): Adapter =>
  allocateAdapter(new Planner(), config, loraSettings(recipe), { training: true, optim: recipe.optim });

/** The matrices that the engine's own run would begin with; or `start`, an adapter, whose keys the recipe has. */
export async function firstBeginning(
  model: OpenedModel,
  recipe: Recipe,
  start: Pick<AdapterStart, "lora" | "full"> | undefined,
): Promise<Beginning> {
  const layout = layoutOf(model, recipe);
  const full = new Map<string, Float32Array>();
  if (!start) for (const { name } of layout.trained) full.set(name, await model.readTensor(name));
  const slabs = start
    ? filledSlabs(layout, start.lora, start.full)
    : filledSlabs(
        layout,
        (m) => initialLora(m.module, recipe.loraR, m.inFeatures, m.outFeatures, recipe.seed),
        (name) => full.get(name),
      );
  return { modules: modulesOf(layout, slabs), trained: trainedValues(layout, slabs), ...begins };
}

/** The newest checkpoint of a run. Throws TabTuneError "bad-checkpoint" where there is none, or none that is whole. */
export async function savedBeginning(
  { store, runId }: { store: Store; runId: string },
  model: OpenedModel,
  recipe: Recipe,
): Promise<Beginning> {
  const generation = await loadLatest(store, runId, { repair: false });
  if (!generation) {
    throw new TabTuneError(
      "bad-checkpoint",
      "This run has no checkpoint yet.",
      "Let it train until its first checkpoint, or hand over a new run.",
    );
  }
  const { step, position } = trainerStateOf(generation);
  const sets: Record<string, Float32Array[]> = { lora: [], exp_avg: [], exp_avg_sq: [], absmax: [] };
  for await (const { name, data } of generation.tensors()) {
    const [set = "", n] = name.split("/");
    const slabs = sets[set];
    if (!slabs) throw ofNewerVersion();
    slabs[Number(n)] = new Float32Array(data.slice().buffer);
  }
  const layout = layoutOf(model, recipe);
  const {
    lora,
    exp_avg: first,
    exp_avg_sq: second,
  } = sets as Record<"lora" | "exp_avg" | "exp_avg_sq", Float32Array[]>;
  const momentsOf = (slabs: Float32Array[]): Moments => ({
    modules: modulesOf(layout, slabs),
    trained: trainedValues(layout, slabs),
  });
  return {
    modules: modulesOf(layout, lora),
    trained: trainedValues(layout, lora),
    // Codes of 8-bit moments are nothing that another optimizer takes.
    moments:
      step > 0 && recipe.optim === "adamw_torch" ? { first: momentsOf(first), second: momentsOf(second) } : undefined,
    step,
    position,
  };
}

/** Modules of the slabs that are there: moments have none of layers that never learn, which come last. */
function modulesOf(layout: Adapter, slabs: Float32Array[]): ModuleMatrices[] {
  const { rank } = layout.settings;
  return layout.modules
    .filter(({ slab }) => slab < slabs.length)
    .map((m) => ({
      ...{ module: m.module, rank, inFeatures: m.inFeatures, outFeatures: m.outFeatures },
      ...moduleMatrices(m, rank, slabs),
    }));
}
