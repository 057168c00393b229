/** What the engine holds open for the page: storage, one GPU, one model and its adapter, at most one run and one chat. */
import type { Chat } from "../chat/generate.ts";
import { TabTuneError, toReport } from "../errors.ts";
import { type Gpu, openGpu } from "../gpu/device.ts";
import type { LoadProgress, ModelSource, PaceMode, RecipeJson, SelfTestReport } from "../protocol.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { openIdbStore } from "../storage/idb.ts";
import { openOpfsCache } from "../storage/opfs.ts";
import type { Store } from "../storage/store.ts";
import { parseRecipe } from "../train/recipe.ts";
import type { newControl } from "../train/trainer.ts";
import type { MakeTower } from "../train/training-step.ts";
import { ownTower } from "../vision/encoder.ts";
import { fitsOrt, ortTower } from "../vision/ort.ts";
import { loadAdapterOf } from "./adapters.ts";
import { type LoadedModel, loadModel, openModel } from "./loaded-model.ts";
import { filesOf, stoppable, withTransfer } from "./model-source.ts";
import { CACHE_DIRECTORY, STORE_NAME } from "./names.ts";
import type { LiveAdapter } from "./training-run.ts";

export interface Session {
  store(): Promise<Store>;
  weightCache(): Promise<FileCache>;
  gpu: Gpu | undefined;
  model: LoadedModel | undefined;
  /** Where `model` came from and how it was loaded: it is loaded again when the GPU was lost. */
  source: { from: ModelSource; loading: RecipeJson } | undefined;
  /** Ends the load or preview that is going on. */
  loading: AbortController | undefined;
  live: LiveAdapter | undefined;
  chat: Chat | undefined;
  stopChat: boolean;
  /** Of the run that is going on. */
  control: ReturnType<typeof newControl> | undefined;
  runningId: string | undefined;
  /** How hard runs work the GPU, whichever model is loaded. */
  pace: PaceMode;
  /** The kernels' test that is going on. */
  testing: Promise<SelfTestReport> | undefined;
}

/** Opens on first use, and again after a failure. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open().catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}

export const newSession = (): Session => ({
  store: once(() => openIdbStore(STORE_NAME)),
  weightCache: once(() => openOpfsCache(CACHE_DIRECTORY)),
  gpu: undefined,
  model: undefined,
  source: undefined,
  loading: undefined,
  live: undefined,
  chat: undefined,
  stopChat: false,
  control: undefined,
  runningId: undefined,
  pace: "full speed",
  testing: undefined,
});

export function needModel({ model }: Session): LoadedModel {
  if (model) return model;
  throw new TabTuneError("bad-argument", "No model is loaded.", "Press Load model first.");
}

/** Throws "bad-argument" while a run is going on; `remedy` says what to do. */
export function needIdle({ runningId }: Session, remedy: string): void {
  if (runningId) throw new TabTuneError("bad-argument", "A run is going on.", remedy);
}

export async function closeChat(s: Session): Promise<void> {
  await s.chat?.dispose();
  s.chat = undefined;
}

export function dropAdapter(s: Session): void {
  s.live?.arena.dispose();
  s.live = undefined;
}

export async function openedGpu(s: Session): Promise<Gpu> {
  s.gpu ??= await openGpu(navigator.gpu);
  return s.gpu;
}

/** Loads a model in place of the one that is there. */
export async function openSource(
  s: Session,
  source: ModelSource,
  loading: RecipeJson,
  onProgress: (p: LoadProgress) => void,
): Promise<LoadedModel> {
  const recipe = parseRecipe(loading);
  s.model?.llava.arena.dispose();
  s.model = undefined;
  // A device that was lost or misused is replaced: one that is well is kept.
  if (s.gpu && !isAlive(s.gpu)) {
    s.gpu.destroy();
    s.gpu = undefined;
  }
  const gpu = await openedGpu(s);
  onProgress({ phase: "reading", fraction: 0, detail: "" });
  s.loading = new AbortController();
  const cache = await s.weightCache();
  // A folder's bytes come from the disk: only the network has a bar of its own.
  const { arrived, tell } = withTransfer(onProgress, source.kind === "hub");
  const files = await filesOf(source, cache, s.loading.signal, arrived);
  s.model = await loadModel(gpu, await openModel(files, recipe), cache, stoppable(s.loading.signal, tell));
  s.model.llava.pace.mode = s.pace;
  s.source = { from: source, loading };
  return s.model;
}

/** The model on a living device: after a loss both are opened again, and the adapter of a saved run put back. */
export async function livingModel(s: Session): Promise<LoadedModel> {
  const current = needModel(s);
  if (isAlive(current.llava.gpu)) return current;
  const adopted = s.live?.runId;
  await closeChat(s);
  dropAdapter(s);
  try {
    const again = await openSource(s, s.source!.from, s.source!.loading, () => {});
    if (adopted && !s.runningId) s.live = await loadAdapterOf(await s.store(), again, adopted);
    return again;
  } catch (cause) {
    s.model = current;
    if (toReport(cause).code !== "no-webgpu") throw cause;
    // After two crashes in short order Chromium offers no adapter for two minutes, but does to a page that is reloaded.
    throw new TabTuneError(
      "device-lost",
      "The GPU was lost, and the browser does not give it back for the moment.",
      "Reload the page, load the model and press Resume run; if that does not help, restart the browser.",
      "Everything up to the last checkpoint is saved.",
      { cause },
    );
  }
}

/** The page's default for the frozen tower: onnxruntime-web, unless the tower is too large for its heap. */
export const towerOf =
  (s: Session): MakeTower =>
  async (llava, arena, v) => {
    const { config, readTensor, checkpoint } = needModel(s);
    // onnxruntime-web reads the tower's tensors once more: from a folder that is quick, from the hub a second download.
    if (!fitsOrt(config) || checkpoint.versionOf) return ownTower(llava, arena, v);
    return ortTower(llava, readTensor);
  };

export function isAlive(gpu: Gpu): boolean {
  try {
    gpu.alive();
    return true;
  } catch {
    // The reason was told to whoever was using the device; here only the fact counts.
    return false;
  }
}
