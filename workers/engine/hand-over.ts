/** A run of the page for a GPU server: its small files, and which rows it is trained on. Nothing is computed on the GPU. */
import { changesKeyOf, type RowChanges, readChanges } from "../data/index/changes.ts";
import { withChanges } from "../data/shards/changed-dataset.ts";
import { type Dataset, openDataset, type SupplyRows } from "../data/shards/dataset.ts";
import { TabTuneError } from "../errors.ts";
import { firstBeginning, savedBeginning } from "../handover/beginning.ts";
import { dataFile, handedFolder } from "../handover/folder.ts";
import type { Beginning } from "../handover/handed.ts";
import type { LoadedModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import type { HandedOver, ToHandOver } from "../protocol/hand-over.ts";
import { parseRecipe, type Recipe, type RecipeJson } from "../recipe.ts";
import type { Store } from "../storage/store.ts";
import { onModel } from "../training/plan.ts";
import { runPrefix } from "../training/saved/format.ts";
import { savedRun } from "../training/saved/runs.ts";
import { refuseOtherModel } from "./adapters.ts";
import { startFromRun } from "./beginnings.ts";

interface Handing {
  recipe: Recipe;
  beginning: Beginning;
  datasetId: string;
  changesAt: (dataset: Dataset) => string | undefined;
  resume: boolean;
  notes: string[];
}

/** `loading`: the keys of a recipe by which the model was loaded. Throws as `handedFolder` does, and "bad-dataset" where the data is gone. */
export async function handOver(
  store: Store,
  model: LoadedModel,
  loading: RecipeJson,
  what: ToHandOver,
  supply: SupplyRows | undefined,
): Promise<HandedOver> {
  const handing = "runId" in what ? await ofSaved(store, model, what.runId) : await ofNew(store, model, loading, what);
  const { recipe, beginning, datasetId, resume } = handing;
  const asRead = await openDataset(store, datasetId, supply);
  if (!asRead?.manifest.index) {
    throw new TabTuneError(
      "bad-dataset",
      "The data of this run is not in the browser's storage.",
      "Drop the same files again.",
      "The run is safe in this browser.",
    );
  }
  const key = handing.changesAt(asRead);
  const changes: RowChanges = key ? await readChanges(store, key) : { leftOut: [], edited: [] };
  const folder = await handedFolder({
    ...{ model, revision: model.files.commit, recipe, beginning, datasetLabel: asRead.manifest.label },
    dataset: await withChanges(asRead, changes, preparationOf(model.preparation)),
    separation: { store, runId: "runId" in what ? what.runId : "", resume },
  });
  const files: HandedOver["files"] = [];
  for await (const file of folder.files) files.push(file);
  return {
    ...{ files, changes, datasetId, notes: [...handing.notes, ...folder.notes] },
    rows: [
      { path: dataFile.training, positions: folder.training },
      ...(folder.heldOut.length > 0 ? [{ path: dataFile.heldOut, positions: folder.heldOut }] : []),
    ],
  };
}

/** From its newest checkpoint; one that has ended lends its adapter to a new run of its recipe. */
async function ofSaved(store: Store, model: LoadedModel, runId: string): Promise<Handing> {
  const { info, recipe: own, log } = await savedRun(store, runId);
  refuseOtherModel(info, model);
  const { recipe } = onModel(model, own);
  const { datasetId } = info;
  const changesAt = (): string => `${runPrefix(runId)}changes`;
  const step = log.at(-1)?.step ?? 0;
  if (info.status !== "done" && step < info.maxSteps) {
    const beginning = await savedBeginning({ store, runId }, model, recipe);
    return { ...{ recipe, datasetId, changesAt, beginning }, resume: true, notes: [] };
  }
  const begun = await startFromRun(store, model, runId, recipe);
  return {
    ...{ recipe: begun.recipe, datasetId, changesAt },
    beginning: await firstBeginning(model, begun.recipe, begun.start),
    resume: true,
    notes: [
      `The run has ended, so the server begins a new one of ${info.maxSteps} steps with its adapter: optimizer and schedule are new.`,
    ],
  };
}

async function ofNew(
  store: Store,
  model: LoadedModel,
  loading: RecipeJson,
  { recipe: json, datasetId, from, which }: Extract<ToHandOver, { datasetId: string }>,
): Promise<Handing> {
  const { recipe } = onModel(model, parseRecipe({ ...json, ...loading }));
  const begun = from === undefined ? undefined : await startFromRun(store, model, from, recipe, which);
  return {
    ...{ recipe: begun?.recipe ?? recipe, datasetId },
    changesAt: ({ manifest }) => changesKeyOf(manifest),
    beginning: await firstBeginning(model, begun?.recipe ?? recipe, begun?.start),
    resume: false,
    notes: [],
  };
}
