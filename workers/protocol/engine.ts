/**
 * What crosses the border between the page and the engine worker. The worker exposes `EngineApi` through Comlink, in parts as the
 * page has panels; progress comes back
 * through callbacks (Comlink proxies) with the events below. Only plain data crosses.
 */
import type { AdapterFiles } from "../adapter/adapter-files.ts";
import type { ChatEvent, ChatRequest, ChatResult } from "../chat/conversation.ts";
import type { Vote, VoteToKeep } from "../chat/votes.ts";
import type { ErrorReport } from "../errors.ts";
import type { PaceMode } from "../gpu/pace.ts";
import type { RecipeJson } from "../recipe.ts";
import type { SelfTestReport } from "../self-test/report.ts";
import type { EvaluationRecord, RunEvent, StepRecord } from "../training/events.ts";
import type { PlannedData } from "../training/plan.ts";
import type { RunAnswers } from "../training/saved/answers.ts";
import type { RunSummary } from "../training/saved/runs.ts";
import type { ApplyApi } from "./apply.ts";
import type { HandedOver, ToHandOver } from "./hand-over.ts";
import type { Fits, LoadProgress, ModelInfo, ModelPreview, ModelSource } from "./model.ts";
import type { SupplyOf } from "./supply.ts";

export interface Capability {
  /** False when training cannot work here; `problem` then says why and what to do. */
  usable: boolean;
  problem?: ErrorReport;
  adapter?: { vendor: string; architecture: string; description: string; software: boolean; maxBufferSize: number };
  storage?: { usage: number; quota: number; persisted: boolean };
}

/** What lies in this browser, by what the user would delete. */
export interface StorageInfo {
  /** `key` names it for `deleteStored`. */
  items: {
    kind: "model" | "data" | "ranges" | "run" | "votes" | "answers";
    key: string;
    label: string;
    detail: string;
    bytes: number;
  }[];
  usage: number;
  quota: number;
  persisted: boolean;
  /** What was cleared away since the engine started, one sentence; "" for nothing. */
  swept: string;
}

/** What a damaged entry belongs to: an item of the list; what was changed of rows; verdicts on kernels; or nothing that is known. */
export type DamagedKind = StorageInfo["items"][number]["kind"] | "changes" | "kernels" | "unknown";

/** An entry of the browser's storage that is not what was written, or is missing. */
export interface StorageDamage {
  /** For `mendStored`. */
  id: string;
  kind: DamagedKind;
  /** What `deleteStored` calls the item that it belongs to. */
  item: string;
  label: string;
  /** What is wrong, without its subject: "the checkpoint of step 4 (piece 1 of 1 is missing)". */
  message: string;
  /** What follows when it is mended, one sentence. */
  follows: string;
  /** The whole item goes. */
  whole: boolean;
}

export interface PlanInfo {
  trainableParameters: number;
  /** Bytes by what they are for, in allocation order. */
  memory: { name: string; bytes: number }[];
  totalBytes: number;
  /** Of the tower's weights, what makes room for token rows: a copy lies in CPU memory, and goes to the GPU again for new pictures. */
  lentBytes: number;
  /** What answers to held-out rows add to the total. */
  answerBytes: number;
  checkpointBytes: number;
  /** Bytes of the browser's storage: what the run's checkpoints take at most, and what is left for them. */
  storage: { needs: number; free: number };
  /** Weights that are already on the GPU are part of `totalBytes`. */
  fits: Fits;
  advice: string;
  flopsPerStep: number;
  /** Once its pictures were seen. */
  flopsPerStepSeen: number;
  steps: number;
  epochs: number;
  /** Of activations, in words: "keep", "keep in f16", "keep 9 of 22 layers in f16", "recompute". */
  policy: string;
}

/** What the page asks before anything else. */
export interface FirstApi {
  probe(): Promise<Capability>;
  /** Answers at once; silence means the worker is gone. */
  ping(): Promise<number>;
}

export interface ModelApi {
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
}

export interface RunsApi {
  /**
   * Cheap: computes the plan, allocates nothing. Throws "bad-recipe" naming the key. Without `data` its rows are guessed. `loading`:
   * keys by which the model would be loaded anew; without them it is the model as it is loaded.
   */
  plan(recipe: RecipeJson, data?: PlannedData, loading?: RecipeJson): Promise<PlanInfo>;
  /** Does ahead what the first step of such a run would wait for, the self-test first; nothing while a run goes on. Later calls end it. */
  makeReady(recipe: RecipeJson, data?: PlannedData): Promise<void>;
  /**
   * Starts a run; resolves when it has ended (done, stopped or failed). Events tell the way. `from`: a saved run whose adapter it begins
   * with; the recipe's rank, alpha and targets are then that one's. `which` of its adapters: without it the one that it ends with.
   * `answerRows`: positions of held-out rows that are answered, in place of some from all over.
   */
  train(
    request: {
      recipe: RecipeJson;
      datasetId: string;
      from?: string | undefined;
      which?: "best" | "last" | undefined;
      answerRows?: number[] | undefined;
    },
    onEvent: (e: RunEvent) => void,
    supply?: SupplyOf,
  ): Promise<RunSummary>;
  /** Goes on with a saved run of the loaded model from its last checkpoint. */
  resumeRun(runId: string, onEvent: (e: RunEvent) => void, supply?: SupplyOf): Promise<RunSummary>;
  /** Goes on with a run that has ended, for so many steps more: its moments are kept, the schedule is that of the new length. */
  moreSteps(runId: string, steps: number, onEvent: (e: RunEvent) => void, supply?: SupplyOf): Promise<RunSummary>;
  /** Keeps a PEFT adapter that fits the loaded model as a run of no steps. Throws "bad-adapter" where it does not fit. */
  keepAdapter(files: AdapterFiles): Promise<RunSummary>;
  /** Holds from the next submit on, also for a run that is going on; a new engine starts at full speed. */
  setPace(mode: PaceMode): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  stopAndSave(): Promise<void>;
  /** Writes a checkpoint now (the page calls it when it is hidden). */
  saveNow(): Promise<void>;
  listRuns(): Promise<RunSummary[]>;
  readLog(runId: string): Promise<StepRecord[]>;
  /** Says what a run is called, or what is to be remembered of it. */
  describeRun(runId: string, words: { name: string; note: string }): Promise<void>;
  /** Deletes a run so that it can be taken back by `restoreRun`: its bytes go with `deleteRun`, else when an engine starts later. */
  discardRun(runId: string): Promise<void>;
  restoreRun(runId: string): Promise<void>;
  deleteRun(runId: string): Promise<void>;
  /** What was measured of a run's held-out rows, ascending by step. */
  readEvaluations(runId: string): Promise<EvaluationRecord[]>;
  /**
   * What the model said to held-out rows; null for a run that answers none. `after` a step: the answers behind it alone, and no pictures.
   */
  readRunAnswers(runId: string, after?: number): Promise<RunAnswers | null>;
  /** Zip with adapter_model.safetensors, adapter_config.json and README.md. Without `which`: what the run ends with. */
  downloadAdapter(runId: string, which?: "best" | "last"): Promise<Blob>;
  /**
   * What a GPU server needs to go on with a run, or to make one that does not fit here. A run that has ended is begun anew with its adapter.
   * Throws "bad-recipe" for a key that the server cannot honour.
   */
  handOver(what: ToHandOver, supply?: SupplyOf): Promise<HandedOver>;
  /** The run's adapter for llama.cpp. */
  downloadGguf(runId: string): Promise<Blob>;
  /**
   * Writes the loaded model with the run's adapter added, in the original precision, to a folder that the user picked. Returns what its
   * files cannot say of how pictures were cut in training; "" when nothing.
   */
  mergeInto(
    runId: string,
    folder: FileSystemDirectoryHandle,
    onProgress: (p: { bytes: number; total: number }) => void,
  ): Promise<string>;
  /**
   * The same as files for llama.cpp and Ollama, weights in F16 or Q8_0. Returns what those do otherwise than training did, a sentence
   * each.
   */
  llamaCppInto(
    runId: string,
    to: { folder: FileSystemDirectoryHandle; type: "f16" | "q8_0" },
    onProgress: (p: { bytes: number; total: number }) => void,
  ): Promise<string[]>;
}

export interface ChatApi {
  /** Puts a run's adapter on the model for chat. */
  useAdapterOf(runId: string): Promise<void>;
  /** One answer at a time: a second question ends the first answer. So do a run that goes on and a new model or adapter. */
  chat(request: ChatRequest, onEvent: (e: ChatEvent) => void): Promise<ChatResult>;
  /** Stops the answer that is being written, and rows that are being answered. */
  stopChat(): Promise<void>;
  /** Keeps which of two answers was better, in place of an earlier vote of its id; gives it back as it is listed. */
  keepVote(vote: VoteToKeep): Promise<Vote>;
  listVotes(): Promise<{ votes: Vote[]; damaged: number }>;
  /** Without `id`: all of them. */
  deleteVotes(id?: string): Promise<void>;
  /** The votes as preference rows in a zip; `notes` say what was left out. Throws "bad-argument" where there is no vote. */
  preferences(): Promise<{ file: Blob; rows: number; notes: string[] }>;
}

export interface StorageApi {
  listStored(): Promise<StorageInfo>;
  /** Throws "run-locked" for a run that goes on, "bad-argument" for what is in use. */
  deleteStored(kind: StorageInfo["items"][number]["kind"], key: string): Promise<void>;
  /** Looks at every entry and file; `onProgress` hears how many of how many, a few times a second. Nothing is changed. */
  checkStored(onProgress: (done: number, of: number) => void): Promise<{ checked: number; damage: StorageDamage[] }>;
  /** Takes away what the last check found under `id`, by what it said of it. Throws as `deleteStored`. */
  mendStored(id: string): Promise<void>;
}

export interface EngineApi extends FirstApi, ModelApi, RunsApi, ChatApi, ApplyApi, StorageApi {}
