/** What the engine holds open for the page: storage, one GPU, one model and its adapter, at most one run and one chat. */
import type { JobEntry } from "../apply/job.ts";
import type { JobLog } from "../apply/log.ts";
import type { Chat } from "../chat/generate.ts";
import { TabTuneError } from "../errors.ts";
import { type Gpu, openGpu } from "../gpu/device.ts";
import type { PaceMode } from "../gpu/pace.ts";
import type { LoadedModel } from "../models/open.ts";
import type { ModelInfo, ModelSource } from "../protocol/model.ts";
import type { RecipeJson } from "../recipe.ts";
import type { SelfTestReport } from "../self-test/report.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { openOpfsCache } from "../storage/opfs.ts";
import type { Store } from "../storage/store.ts";
import type { newControl } from "../training/loop.ts";
import type { LiveAdapter } from "../training/open-run.ts";
import type { Damage } from "./check/damage.ts";
import { openPageStore } from "./page-store.ts";
import { CACHE_DIRECTORY, RANGES_DIRECTORY } from "./storage-names.ts";

export interface EngineState {
  store(): Promise<Store>;
  /** Opens the store anew, empty, where the browser cleared it. */
  reopenStore(): Promise<Store>;
  weightCache(): Promise<FileCache>;
  /** What was fetched of data sets of a hub. */
  rangeCache(): Promise<FileCache>;
  gpu: Gpu | undefined;
  model: LoadedModel | undefined;
  /** What the page knows of `model`, where it came from and how it was loaded: it is loaded again when the GPU was lost. */
  source: { info: ModelInfo; from: ModelSource; loading: RecipeJson } | undefined;
  live: LiveAdapter | undefined;
  chat: Chat | undefined;
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
  /** The job whose rows are being answered, from its first question to its last write. */
  answering: { jobId: string; datasetId: string; log: JobLog; done: Promise<void> } | undefined;
  /** Answers of the jobs that were looked at last, by job. */
  answers: Map<string, readonly JobEntry[]>;
  /** The kernels' test that is going on; `end` ends it after what it is at. */
  testing: { report: Promise<SelfTestReport>; end(): void } | undefined;
  /** The last that somebody wanted made ready (ready.ts). */
  wanted: object | undefined;
  /** Data sets of killed preparations that were removed. */
  swept: number;
  /** What the last check of the storage found, by its id. */
  damage: Map<string, Damage>;
  /** Downloads of runs that are going on. */
  readers: Set<{ runId: string; done: Promise<void> }>;
}

/** Opens on first use, and again after a failure or by `again`. */
function once<T>(open: () => Promise<T>): (() => Promise<T>) & { again(): Promise<T> } {
  let opened: Promise<T> | undefined;
  const get = (): Promise<T> => {
    opened ??= open().catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const again = (): Promise<T> => {
    opened = undefined;
    return get();
  };
  return Object.assign(get, { again });
}

export function newEngineState(): EngineState {
  const store = once(openPageStore);
  return {
    store,
    reopenStore: store.again,
    weightCache: once(() => openOpfsCache(CACHE_DIRECTORY)),
    rangeCache: once(() => openOpfsCache(RANGES_DIRECTORY)),
    gpu: undefined,
    model: undefined,
    source: undefined,
    live: undefined,
    chat: undefined,
    control: undefined,
    runningId: undefined,
    paused: false,
    pace: "full speed",
    turn: Promise.resolve(),
    loading: undefined,
    asked: new Set(),
    speaking: undefined,
    answering: undefined,
    answers: new Map(),
    testing: undefined,
    wanted: undefined,
    swept: 0,
    damage: new Map(),
    readers: new Set(),
  };
}

export function needModel({ model }: EngineState): LoadedModel {
  if (model) return model;
  throw new TabTuneError("bad-argument", "No model is loaded.", "Press Load model first.");
}

export async function openedGpu(s: EngineState): Promise<Gpu> {
  s.gpu ??= await openGpu(navigator.gpu);
  return s.gpu;
}

export function isAlive(gpu: Gpu): boolean {
  try {
    gpu.alive();
    return true;
  } catch {
    // The reason was told to whoever was using the device; here only the fact counts.
    return false;
  }
}
