/**
 * Every message between the page and the workers, as types. The workers expose `EngineApi` and `DatasetApi` through Comlink;
 * progress comes back through callbacks (Comlink proxies) with the event unions below. Only plain data crosses the border.
 */
import type { ErrorReport } from "./errors.ts";

/** A file the user dropped or picked; `path` is relative to the dropped root, with "/" between parts. */
export interface DroppedFile {
  path: string;
  blob: Blob;
}

// ---------------------------------------------------------------- capability

export interface Capability {
  /** False when training cannot work here; `problem` then says why and what to do. */
  usable: boolean;
  problem?: ErrorReport;
  adapter?: { vendor: string; architecture: string; description: string; software: boolean; maxBufferSize: number };
  storage?: { usage: number; quota: number; persisted: boolean };
}

/** One output of one op of the self-test. */
export interface SelfTestResult {
  op: string;
  output: string;
  /** Relative to the CPU's result; null when it is not a number. */
  error: number | null;
  passed: boolean;
  /** Names of the kernels that ran. */
  kernels: string[];
  /** What the compiler said; "" when it compiled. */
  note: string;
}

/** Every op of training on this adapter, against the CPU. */
export interface SelfTestReport {
  adapter: Record<string, unknown>;
  browser: string;
  kernelsVersion: number;
  date: string;
  seconds: number;
  /** Largest error that passes. */
  limit: number;
  passed: boolean;
  results: SelfTestResult[];
  /** Faster kernels that this adapter offers, against the plain ones: what differs is not used, and trains nobody wrongly. */
  gates: SelfTestResult[];
}

// --------------------------------------------------------------------- model

export type ModelSource =
  | { kind: "embedded" }
  | { kind: "folder"; label: string; files: DroppedFile[] }
  /** `name`: owner/name or owner/name@revision; `endpoint`: the hub's address; `token`: "" for none. */
  | { kind: "hub"; name: string; endpoint: string; token: string };

export interface LoadProgress {
  /** "asking": a hub is asked what the model has; no weight has come yet. */
  phase: "asking" | "reading" | "quantising" | "uploading" | "compiling";
  /** 0 … 1 of the whole load. */
  fraction: number;
  /** For the status line: "language_model.model.layers.3.mlp.up_proj". */
  detail: string;
  /** What the network brings, while it is needed. `secondsLeft` is null while nothing comes. */
  fetched?: { bytes: number; total: number; bytesPerSecond: number; secondsLeft: number | null } | undefined;
}

/** A model of the hub before it is loaded: what it costs, and whether a run with the default recipe would fit. */
export interface ModelPreview {
  label: string;
  commit: string;
  licence: string;
  parameters: number;
  /** Bytes still to fetch; 0 when this browser has everything. */
  fetchBytes: number;
  diskBytes: number;
  /** Bytes of that which this browser has no room for. */
  lacksBytes: number;
  gpuBytes: number;
  /** GPU memory of a run with the default recipe, weights included. */
  trainingBytes: number;
  fits: PlanInfo["fits"];
  /** "" when it fits. */
  advice: string;
}

/** What lies in this browser, by what the user would delete. */
export interface StorageInfo {
  /** `key` names it for `deleteStored`. */
  items: { kind: "model" | "data" | "run"; key: string; label: string; detail: string; bytes: number }[];
  usage: number;
  quota: number;
  persisted: boolean;
}

/** What the dataset worker needs to turn rows into examples: plain data, so that it can cross the border. */
export interface PreparationSpec {
  /** Hash over everything below: part of a data set's identity. */
  id: string;
  tokenizerJson: string;
  tokenizerConfigJson: string;
  specialTokensMapJson?: string;
  /** Jinja chat template in force. */
  template: string;
  imageTokenId: number;
  /** Rows of the model's embedding: a token with an id beyond them cannot be trained on. */
  vocab: number;
  preprocessorJson: string;
  kind: "clip" | "anyres";
  patchSize: number;
  featureSelect: "default" | "full";
  gridPinpoints?: [number, number][];
  maxImageTiles?: number;
}

export interface ModelInfo {
  id: string;
  label: string;
  parameters: number;
  /** Bytes on the GPU after quantising. */
  gpuBytes: number;
  /** What to know of the cache: that it was damaged, or could not be written; "" when all is well. */
  cacheNote: string;
  /** "cache" when the quantised weights came from this browser's storage. */
  from: "checkpoint" | "cache";
  layers: number;
  hiddenSize: number;
  imageSize: number;
  imageTokens: number;
  maxLength: number;
  preparation: PreparationSpec;
  /** Recipe in Hugging Face names that suits this model (the demo brings its own); null for the presets. */
  recipe: Record<string, unknown> | null;
  /** True for the embedded demo model, which knows no photographs. */
  demo: boolean;
  vision: "onnxruntime" | "own";
}

// ---------------------------------------------------------------------- data

export type DatasetSource = { kind: "sample" } | { kind: "files"; label: string; files: DroppedFile[] };

export interface DatasetProgress {
  phase: "reading" | "preparing";
  rows: number;
  skipped: number;
  detail: string;
}

export interface SkippedInfo {
  index: number;
  source: string;
  reason: string;
  message: string;
  excerpt: string;
}

export interface DatasetInfo {
  id: string;
  label: string;
  rows: number;
  skipped: SkippedInfo[];
  format: string;
  /** Over all rows: tokens, image slots included. */
  tokens: number;
  longest: number;
  /** [tokens, rows] of each length, ascending; empty for data sets of an older version. */
  lengths: [number, number][];
  /** What was left aside, guessed or found elsewhere than named, one sentence each. */
  notes: string[];
  bytes: number;
}

export interface PreviewToken {
  text: string;
  /** 0 never a target, 1 prompt text, 2 answer (TokenKind). Runs of image slots are one entry with text "<image>" and `repeat`. */
  kind: 0 | 1 | 2;
  repeat: number;
}

export interface PreviewRow {
  index: number;
  source: string;
  tokens: PreviewToken[];
  length: number;
  answerTokens: number;
  /** First picture, cropped as the model sees it: [size, size] RGBA. */
  picture: { size: number; rgba: Uint8ClampedArray } | null;
}

export interface DatasetApi {
  prepare(source: DatasetSource, spec: PreparationSpec, onProgress: (p: DatasetProgress) => void): Promise<DatasetInfo>;
  /** A data set that was prepared before; null when it is no longer there. */
  open(datasetId: string): Promise<DatasetInfo | null>;
  preview(datasetId: string, spec: PreparationSpec, from: number, count: number): Promise<PreviewRow[]>;
}

// ------------------------------------------------------------------ training

/** A recipe in Hugging Face names, as in a recipe file; every key optional. */
export type RecipeJson = Record<string, unknown>;

export interface PlanInfo {
  trainableParameters: number;
  /** Bytes by what they are for, in allocation order. */
  memory: { name: string; bytes: number }[];
  totalBytes: number;
  checkpointBytes: number;
  /** Weights that are already on the GPU are part of `totalBytes`. */
  fits: "fits" | "tight" | "too-large";
  advice: string;
  flopsPerStep: number;
  steps: number;
  epochs: number;
  /** Of activations, in words: "keep", "keep in f16", "keep 9 of 22 layers in f16", "recompute". */
  policy: string;
}

/** How hard a run works the GPU: "gentle" leaves about half of its time to the desktop. It changes no number of the run. */
export type PaceMode = "full speed" | "gentle";

export type RunState =
  | "idle"
  | "preparing"
  | "compiling"
  | "training"
  | "pausing"
  | "paused"
  | "saving"
  | "done"
  | "stopped"
  | "failed";

export interface StepRecord {
  step: number;
  loss: number;
  gradNorm: number;
  learningRate: number;
  targetTokens: number;
  tokens: number;
  seconds: number;
}

export type RunEvent =
  | {
      type: "state";
      runId: string;
      state: RunState;
      maxSteps: number;
      step: number;
      error?: ErrorReport;
      note?: string;
    }
  | { type: "step"; runId: string; record: StepRecord; maxSteps: number }
  | { type: "checkpoint"; runId: string; step: number; phase: "writing" | "written"; bytes: number };

export interface RunSummary {
  id: string;
  createdAt: string;
  modelId: string;
  modelLabel: string;
  datasetId: string;
  datasetLabel: string;
  step: number;
  maxSteps: number;
  status: "interrupted" | "stopped" | "done" | "running-elsewhere";
  bytes: number;
  lastLoss: number | null;
  /** Losses so far, for a sparkline; at most 200 points. */
  losses: number[];
  recipe: RecipeJson;
}

// ---------------------------------------------------------------------- chat

export interface ChatTurn {
  role: "user" | "assistant";
  text: string;
  /** Encoded picture bytes (user turns only). */
  pictures: Blob[];
}

export interface ChatRequest {
  turns: ChatTurn[];
  /** Token ids that the answer begins with: an answer that was cut goes on behind them. */
  begun?: number[];
  useAdapter: boolean;
  maxNewTokens: number;
  /** 0 is greedy. */
  temperature: number;
  topP: number;
  seed: number;
}

export type ChatEvent = { type: "text"; text: string } | { type: "prefill"; tokens: number };

export interface ChatResult {
  /** What it began with is part of it. */
  text: string;
  ids: number[];
  /** New ones. */
  tokens: number;
  seconds: number;
  /** "full": the conversation has no room for another token. */
  stopped: "eos" | "length" | "full" | "user";
}

export interface EngineApi {
  probe(): Promise<Capability>;
  /**
   * Loads a model; the one that is there stays until the new one stands, and after a failure. `loading`: the keys of a recipe that say
   * how a model is loaded; runs on it have them too.
   */
  loadModel(source: ModelSource, loading: RecipeJson, onProgress: (p: LoadProgress) => void): Promise<ModelInfo>;
  /** The model that runs and chats use now. */
  currentModel(): Promise<ModelInfo | null>;
  /** Reads the headers of a model of the hub; loads nothing. */
  previewModel(source: Extract<ModelSource, { kind: "hub" }>, loading: RecipeJson): Promise<ModelPreview>;
  /** Ends a load or preview that is going on: it rejects with "cancelled". What was fetched is kept. */
  stopLoading(): Promise<void>;
  /** The kept verdict of this adapter and browser. Without one: runs the test if `run`, else null. Training runs it by itself. */
  selfTest(run: boolean): Promise<SelfTestReport | null>;
  listStored(): Promise<StorageInfo>;
  /** Throws "run-locked" for a run that goes on, "bad-argument" for what is in use. */
  deleteStored(kind: StorageInfo["items"][number]["kind"], key: string): Promise<void>;
  /** Cheap: computes the plan, allocates nothing. Throws "bad-recipe" naming the key. `rows` may be 0 before data is there. */
  plan(recipe: RecipeJson, rows: number, longest: number): Promise<PlanInfo>;
  /** Starts a run; resolves when it has ended (done, stopped or failed). Events tell the way. */
  train(request: { recipe: RecipeJson; datasetId: string }, onEvent: (e: RunEvent) => void): Promise<RunSummary>;
  /** Goes on with a saved run of the loaded model from its last checkpoint. */
  resumeRun(runId: string, onEvent: (e: RunEvent) => void): Promise<RunSummary>;
  /** Holds from the next submit on, also for a run that is going on; a new engine starts at full speed. */
  setPace(mode: PaceMode): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  stopAndSave(): Promise<void>;
  /** Writes a checkpoint now (the page calls it when it is hidden). */
  saveNow(): Promise<void>;
  listRuns(): Promise<RunSummary[]>;
  readLog(runId: string): Promise<StepRecord[]>;
  deleteRun(runId: string): Promise<void>;
  /** Zip with adapter_model.safetensors, adapter_config.json and README.md. */
  downloadAdapter(runId: string): Promise<Blob>;
  /** The run's adapter for llama.cpp. */
  downloadGguf(runId: string): Promise<Blob>;
  /** Writes the loaded model with the run's adapter added, in the original precision, to a folder that the user picked. */
  mergeInto(
    runId: string,
    folder: FileSystemDirectoryHandle,
    onProgress: (p: { bytes: number; total: number }) => void,
  ): Promise<void>;
  /** Puts a run's adapter on the model for chat. */
  useAdapterOf(runId: string): Promise<void>;
  /** One answer at a time: a second question ends the first answer. So do a run that goes on and a new model or adapter. */
  chat(request: ChatRequest, onEvent: (e: ChatEvent) => void): Promise<ChatResult>;
  stopChat(): Promise<void>;
  /** Answers at once; silence means the worker is gone. */
  ping(): Promise<number>;
}
