/** What the engine holds open for the page: storage, one GPU, one model and its adapter, at most one run and one chat. */
import type { Chat } from "../chat/generate.ts";
import { TabTuneError, toReport } from "../errors.ts";
import { type Gpu, openGpu } from "../gpu/device.ts";
import type { PaceMode } from "../gpu/pace.ts";
import { ownTower } from "../models/encoder.ts";
import { fitsOrt, ortTower } from "../models/onnx/ort.ts";
import { type LoadedModel, loadModel, openModel } from "../models/open.ts";
import type { LoadProgress, ModelInfo, ModelSource } from "../protocol/model.ts";
import type { RecipeJson } from "../recipe.ts";
import { parseRecipe } from "../recipe.ts";
import type { SelfTestReport } from "../self-test/report.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { openIdbStore } from "../storage/idb.ts";
import { openOpfsCache } from "../storage/opfs.ts";
import type { Store } from "../storage/store.ts";
import type { newControl } from "../training/loop.ts";
import type { LiveAdapter } from "../training/open-run.ts";
import type { MakeTower } from "../training/step.ts";
import { loadAdapterOf } from "./adapters.ts";
import { filesOf, stoppable, withTransfer } from "./model-source.ts";
import { CACHE_DIRECTORY, STORE_NAME } from "./storage-names.ts";
import { closeChat, dropAdapter } from "./turns.ts";

export interface EngineState {
  store(): Promise<Store>;
  weightCache(): Promise<FileCache>;
  gpu: Gpu | undefined;
  model: LoadedModel | undefined;
  /** What the page knows of `model`, where it came from and how it was loaded: it is loaded again when the GPU was lost. */
  source: { info: ModelInfo; from: ModelSource; loading: RecipeJson } | undefined;
  live: LiveAdapter | undefined;
  chat: Chat | undefined;
  /** How a frozen vision tower runs; undefined: as `towerOf` finds best. */
  tower: MakeTower | undefined;
  /** Of the run that is going on. */
  control: ReturnType<typeof newControl> | undefined;
  runningId: string | undefined;
  /** The run stands still: the model may be talked to. */
  paused: boolean;
  /** How hard runs work the GPU, whichever model is loaded. */
  pace: PaceMode;
  /** The last change of what lies on the GPU (turns.ts). */
  turn: Promise<unknown>;
  /** The load or preview that is going on. */
  loading: { what: "load" | "preview"; stop(): void; done: Promise<void> } | undefined;
  /** Questions that have no whole answer yet, also those that wait for their turn. */
  asked: Set<{ stopped: boolean }>;
  /** The answer that is being written. */
  speaking: { stop(): void; done: Promise<void> } | undefined;
  /** The kernels' test that is going on. */
  testing: Promise<SelfTestReport> | undefined;
  /** Data sets of killed preparations that were removed. */
  swept: number;
  /** Downloads of runs that are going on. */
  readers: Set<{ runId: string; done: Promise<void> }>;
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

export const newEngineState = (): EngineState => ({
  store: once(() => openIdbStore(STORE_NAME)),
  weightCache: once(() => openOpfsCache(CACHE_DIRECTORY)),
  gpu: undefined,
  model: undefined,
  source: undefined,
  live: undefined,
  chat: undefined,
  tower: undefined,
  control: undefined,
  runningId: undefined,
  paused: false,
  pace: "full speed",
  turn: Promise.resolve(),
  loading: undefined,
  asked: new Set(),
  speaking: undefined,
  testing: undefined,
  swept: 0,
  readers: new Set(),
});

export function needModel({ model }: EngineState): LoadedModel {
  if (model) return model;
  throw new TabTuneError("bad-argument", "No model is loaded.", "Press Load model first.");
}

export async function openedGpu(s: EngineState): Promise<Gpu> {
  s.gpu ??= await openGpu(navigator.gpu);
  return s.gpu;
}

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

/** Takes the model off the GPU, after chat, adapter and self-test. In turn. */
export async function letGo(s: EngineState): Promise<void> {
  // Autotune times the model's own weights. A test that fails tells whoever asked for it.
  await s.testing?.catch(() => undefined);
  await closeChat(s);
  dropAdapter(s);
  s.model?.vlm.arena.dispose();
  s.model = undefined;
}

/** The model on a living device: after a loss both are opened again, and the adapter of a saved run put back. In turn. */
export async function livingModel(s: EngineState): Promise<LoadedModel> {
  const current = needModel(s);
  if (isAlive(current.vlm.gpu)) return current;
  const adopted = s.live?.runId;
  try {
    const { from, loading } = s.source!;
    const again = await makeModel(s, from, loading, new AbortController().signal, () => {});
    await standModel(s, again, s.source!);
    if (adopted && !s.runningId) s.live = await loadAdapterOf(await s.store(), again, adopted);
    return again;
  } catch (cause) {
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
  (s: EngineState): MakeTower =>
  async (vlm, arena, v) => {
    if (s.tower) return s.tower(vlm, arena, v);
    const { config, readTensor, checkpoint } = needModel(s);
    // onnxruntime-web reads the tower's tensors once more: from a folder that is quick, from the hub a second download.
    if (!fitsOrt(config) || checkpoint.versionOf) return ownTower(vlm, arena, v);
    return ortTower(vlm, readTensor);
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
