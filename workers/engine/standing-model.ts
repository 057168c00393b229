/** The one model of the engine: made beside the one that stands, put in its place, let go, and opened again after a loss. */
import { TabTuneError, toReport } from "../errors.ts";
import { type LoadedModel, loadModel, openModel } from "../models/open.ts";
import type { LoadProgress, ModelSource } from "../protocol/model.ts";
import { parseRecipe, type RecipeJson } from "../recipe.ts";
import { loadAdapterOf } from "./adapters.ts";
import { filesOf, stoppable, withTransfer } from "./model-files.ts";
import { type EngineState, isAlive, needModel, openedGpu } from "./state.ts";
import { closeChat, dropAdapter } from "./turns.ts";

/** A model on a living device. It does not take the place of the one that is there: `standModel` does. */
export async function makeModel(
  s: EngineState,
  source: ModelSource,
  loading: RecipeJson,
  signal: AbortSignal,
  onProgress: (p: LoadProgress) => void,
): Promise<LoadedModel> {
  const recipe = parseRecipe(loading);
  // A device that was lost or misused is replaced: one that is well is kept.
  if (s.gpu && !isAlive(s.gpu)) {
    s.gpu.destroy();
    s.gpu = undefined;
  }
  const gpu = await openedGpu(s);
  const fromHub = source.kind === "hub";
  onProgress({ phase: fromHub ? "asking" : "reading", fraction: 0, detail: "" });
  const cache = await s.weightCache();
  // A folder's bytes come from the disk: only the network has a bar of its own.
  const { arrived, report } = withTransfer(onProgress, fromHub);
  const files = await filesOf(source, cache, signal, arrived);
  return loadModel(gpu, await openModel(files, recipe), cache, stoppable(signal, report));
}

/** Puts a model in the place of the one that is there, whose users are ended first. In turn. */
export async function standModel(
  s: EngineState,
  model: LoadedModel,
  source: NonNullable<EngineState["source"]>,
): Promise<void> {
  await letGo(s);
  model.vlm.pace.mode = s.pace;
  s.model = model;
  s.source = source;
}

/** Takes the model off the GPU, after self-test, chat and adapter. In turn. */
export async function letGo(s: EngineState): Promise<void> {
  s.testing?.end();
  await closeChat(s);
  // It waits for the answer, and autotune times the model's own weights. A test that fails tells whoever asked for it.
  await s.testing?.report.catch(() => undefined);
  dropAdapter(s);
  s.model?.vlm.arena.dispose();
  s.model = undefined;
}

/** The model on a living device: after a loss both are opened again, and the adapter of a saved run put back. In turn. */
export async function livingModel(s: EngineState): Promise<LoadedModel> {
  const current = needModel(s);
  if (isAlive(current.vlm.gpu)) return current;
  const adopted = s.live && { runId: s.live.runId, which: s.live.which };
  try {
    const { from, loading } = s.source!;
    const again = await makeModel(s, from, loading, new AbortController().signal, () => {});
    await standModel(s, again, s.source!);
    if (adopted && !s.runningId) s.live = await loadAdapterOf(await s.store(), again, adopted);
    return again;
  } catch (cause) {
    if (toReport(cause).code !== "no-webgpu") throw cause;
    // After two crashes in short order Chromium offers no adapter for two minutes, but does to a page that a person reloads.
    throw new TabTuneError(
      "gpu-withheld",
      "The GPU was lost, and the browser does not give it back for the moment.",
      "Reload the page, or wait two minutes, then try again; if that does not help, restart the browser.",
      "Everything up to the last checkpoint is saved.",
      { cause },
    );
  }
}
