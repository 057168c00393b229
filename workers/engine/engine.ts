/** `EngineApi` over one GPU, one model and at most one run: the state that the page talks to. */

import { type Chat, createChat } from "../chat/generate.ts";
import { seededRandom } from "../chat/sampling.ts";
import { deleteRun, listRuns } from "../checkpoint/runs.ts";
import { TabTuneError, toReport } from "../errors.ts";
import { type Gpu, openGpu } from "../gpu/device.ts";
import { selectVariants } from "../kernels/select.ts";
import { featuresPerTile } from "../model/config.ts";
import { stepFlops } from "../model/memory-plan.ts";
import type {
  Capability,
  ChatRequest,
  EngineApi,
  LoadProgress,
  ModelInfo,
  ModelSource,
  PlanInfo,
  RunEvent,
  RunSummary,
  SelfTestReport,
} from "../protocol.ts";
import { openDataset } from "../shards/shards.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { openIdbStore } from "../storage/idb.ts";
import { openOpfsCache } from "../storage/opfs.ts";
import type { Store } from "../storage/store.ts";
import { parseRecipe, type Recipe, totalSteps } from "../train/recipe.ts";
import { newControl } from "../train/trainer.ts";
import type { MakeTower } from "../train/training-step.ts";
import { tunedTilesOf, tunedVariants } from "../tuning/autotune.ts";
import { keptVerdict, refuseUnlessPassed, verdictOf } from "../tuning/self-test.ts";
import { ownTower } from "../vision/encoder.ts";
import { fitsOrt, ortTower } from "../vision/ort.ts";
import { adapterBundle, loadAdapterOf } from "./adapters.ts";
import { chatPrompt } from "./chat-prompt.ts";
import { embeddedJson } from "./embedded.ts";
import { ggufOf, mergeRun } from "./exports.ts";
import { fitOf } from "./fit.ts";
import { type LoadedModel, loadModel, openModel } from "./loaded-model.ts";
import { filesOf, previewOf, withTransfer } from "./model-source.ts";
import { CACHE_DIRECTORY, runLock, STORE_NAME } from "./names.ts";
import { preparationOf } from "./preparation.ts";
import { deleteDataset, deleteModel, listStored } from "./stored.ts";
import { checkSupported, type LiveAdapter, planRun, runTraining, savedRun } from "./training-run.ts";

/** Tokens and pictures of a conversation. */
const CHAT_ROWS = 2048;
const CHAT_PICTURES = 4;

export function createEngine(): EngineApi {
  let opened: Promise<Store> | undefined;
  const store = (): Promise<Store> => {
    opened ??= openIdbStore(STORE_NAME).catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  let gpu: Gpu | undefined;
  let model: LoadedModel | undefined;
  /** Where `model` came from: it is loaded again when the GPU was lost. */
  let modelSource: ModelSource | undefined;
  let live: LiveAdapter | undefined;
  let chat: Chat | undefined;
  let stopChat = false;
  let control: ReturnType<typeof newControl> | undefined;
  let runningId: string | undefined;

  /** Ends the load or preview that is going on. */
  let loading: AbortController | undefined;
  let openedCache: Promise<FileCache> | undefined;
  const weightCache = (): Promise<FileCache> => {
    openedCache ??= openOpfsCache(CACHE_DIRECTORY);
    return openedCache;
  };

  const needModel = (): LoadedModel => {
    if (model) return model;
    throw new TabTuneError("bad-argument", "No model is loaded.", "Press Load model first.");
  };
  const closeChat = async (): Promise<void> => {
    await chat?.dispose();
    chat = undefined;
  };
  const dropAdapter = (): void => {
    live?.arena.dispose();
    live = undefined;
  };

  async function open(source: ModelSource, onProgress: (p: LoadProgress) => void): Promise<LoadedModel> {
    model?.llava.arena.dispose();
    model = undefined;
    // A device that was lost or misused is replaced: one that is well is kept.
    if (gpu && !isAlive(gpu)) {
      gpu.destroy();
      gpu = undefined;
    }
    gpu ??= await openGpu(navigator.gpu);
    onProgress({ phase: "reading", fraction: 0, detail: "" });
    loading = new AbortController();
    const cache = await weightCache();
    // A folder's bytes come from the disk: only the network has a bar of its own.
    const { arrived, tell } = withTransfer(onProgress, source.kind === "hub");
    const files = await filesOf(source, cache, loading.signal, arrived);
    model = await loadModel(gpu, await openModel(files, parseRecipe({})), cache, tell);
    modelSource = source;
    return model;
  }

  /** The model on a living device: after a loss both are opened again, and the adapter of a saved run put back. */
  async function livingModel(): Promise<LoadedModel> {
    const current = needModel();
    if (isAlive(current.llava.gpu)) return current;
    const adopted = live?.runId;
    await closeChat();
    dropAdapter();
    try {
      const again = await open(modelSource!, () => {});
      if (adopted && !runningId) live = await loadAdapterOf(await store(), again, adopted);
      return again;
    } catch (cause) {
      model = current;
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

  /**
   * The verdict on this GPU's kernels: kept from an earlier visit, or found now with pipelines that training then has at hand. The model is
   * left with the tiles that are fastest here; on a software adapter there is one family and nothing to choose.
   */
  let testing: Promise<SelfTestReport> | undefined;
  function tested({ llava }: LoadedModel): Promise<SelfTestReport> {
    const test = async (): Promise<SelfTestReport> => {
      const { gpu, pipelines, config, weights } = llava;
      const kept = await store();
      const { userAgent } = navigator;
      const report = await verdictOf(gpu, pipelines, llava.variants, config.text.headSize, userAgent, kept);
      if (report.passed && !gpu.facts.software) {
        const { qkv, o, gateUp, down } = weights.layers[0]!;
        const tiles = await tunedTilesOf(gpu, pipelines, [qkv, o, gateUp, down], userAgent, kept);
        llava.variants = tunedVariants(tiles, selectVariants(gpu.facts));
      }
      return report;
    };
    testing ??= test().finally(() => {
      testing = undefined;
    });
    return testing;
  }

  /** The page's default for the frozen tower: onnxruntime-web, unless the tower is too large for its heap. */
  const makeTower: MakeTower = async (llava, arena, v) => {
    const { config, readTensor, checkpoint } = needModel();
    // onnxruntime-web reads the tower's tensors once more: from a folder that is quick, from the hub a second download.
    if (!fitsOrt(config) || checkpoint.versionOf) return ownTower(llava, arena, v);
    return ortTower(llava, readTensor);
  };

  /** Holds the run's lock while `work` runs: one tab trains, others may watch. */
  async function withLock<T>(runId: string, work: () => Promise<T>): Promise<T> {
    return navigator.locks.request(runLock(runId), { ifAvailable: true }, async (lock) => {
      if (lock) return work();
      throw new TabTuneError(
        "run-locked",
        "This run is going on in another tab.",
        "Go on in that tab, or close it and press Resume run here.",
        "The run is not disturbed.",
      );
    });
  }

  async function run(
    runId: string,
    recipe: Recipe,
    datasetId: string,
    resume: boolean,
    onEvent: (e: RunEvent) => void,
  ): Promise<RunSummary> {
    needModel();
    if (runningId) throw new TabTuneError("bad-argument", "A run is going on already.", "Stop it first.");
    runningId = runId;
    try {
      return await withLock(runId, async () => {
        const dataset = await openDataset(await store(), datasetId);
        if (!dataset) {
          throw new TabTuneError(
            "bad-dataset",
            "The prepared data of this run is no longer in the browser's storage.",
            "Drop the same files again, then press Resume run.",
            "The run's checkpoints are kept.",
          );
        }
        control = newControl();
        await throughLosses(onEvent, async (current, losses, tell) => {
          await closeChat();
          dropAdapter();
          refuseUnlessPassed(await tested(current));
          await runTraining({
            model: current,
            store: await store(),
            dataset,
            recipe,
            runId,
            control: control!,
            resume: resume || losses > 0,
            pauseWhenFull: true,
            makeTower,
            onEvent: tell,
            onAdapter: (adapter) => {
              live = adapter;
            },
          });
        });
        const summary = (await summaries()).find((r) => r.id === runId);
        if (!summary) throw new TabTuneError("internal", "The run has no record.", "Start it again.");
        return summary;
      });
    } finally {
      runningId = undefined;
      control = undefined;
    }
  }

  /** Runs `attempt` again when it failed because the GPU was lost, as long as each one gets further than the one before. */
  async function throughLosses(
    onEvent: (e: RunEvent) => void,
    attempt: (current: LoadedModel, losses: number, tell: (e: RunEvent) => void) => Promise<void>,
  ): Promise<void> {
    for (let losses = 0; ; losses++) {
      const current = await livingModel();
      let progressed = false;
      const about =
        losses > 0 ? "The GPU was lost; it was opened again and the run went on from its last checkpoint." : "";
      try {
        return await attempt(current, losses, (event) => {
          progressed ||= event.type === "step";
          onEvent(event.type === "state" ? { ...event, note: [about, event.note].filter(Boolean).join(" ") } : event);
        });
      } catch (error) {
        const loss = await current.llava.gpu.lossWithin(500);
        if (!loss || !progressed) throw loss ?? error;
      }
    }
  }

  async function summaries(): Promise<RunSummary[]> {
    const held = new Set((await navigator.locks.query()).held?.map((lock) => lock.name));
    return (await listRuns(await store())).map((summary) =>
      summary.id !== runningId && held.has(runLock(summary.id)) ? { ...summary, status: "running-elsewhere" } : summary,
    );
  }

  const api: EngineApi = {
    async probe(): Promise<Capability> {
      try {
        gpu ??= await openGpu(navigator.gpu);
        const { usage = 0, quota = 0 } = await navigator.storage.estimate();
        const { vendor, architecture, description, software, maxBufferSize } = gpu.facts;
        return {
          usable: true,
          adapter: { vendor, architecture, description, software, maxBufferSize },
          storage: { usage, quota, persisted: await navigator.storage.persisted() },
        };
      } catch (error) {
        return { usable: false, problem: toReport(error) };
      }
    },

    async loadModel(source, onProgress): Promise<ModelInfo> {
      if (runningId)
        throw new TabTuneError("bad-argument", "A run is going on.", "Stop it before loading another model.");
      await closeChat();
      dropAdapter();
      const loaded = await open(source, onProgress);
      const demo = source.kind === "embedded";
      const { config, llava } = loaded;
      return {
        id: loaded.id,
        label: loaded.files.label,
        parameters: llava.layout.parameters,
        gpuBytes: llava.counters.bytesAllocated,
        from: loaded.from,
        layers: config.text.numLayers,
        hiddenSize: config.text.hiddenSize,
        imageSize: config.vision.imageSize,
        imageTokens: featuresPerTile(config),
        maxLength: config.text.maxPositions,
        preparation: loaded.preparation,
        recipe: demo ? ((await embeddedJson("recipe.json")) ?? null) : null,
        demo,
        vision: fitsOrt(config) && !loaded.checkpoint.versionOf ? "onnxruntime" : "own",
        cacheNote: loaded.cacheNote,
      };
    },

    async previewModel(source) {
      gpu ??= await openGpu(navigator.gpu);
      loading = new AbortController();
      return previewOf(source, await weightCache(), loading.signal, gpu.facts);
    },
    async stopLoading() {
      loading?.abort();
    },

    async selfTest(run) {
      const current = needModel();
      if (run) return tested(current);
      const { gpu, config } = current.llava;
      return (await keptVerdict(gpu.facts, config.text.headSize, navigator.userAgent, await store())) ?? null;
    },

    async listStored() {
      const { usage = 0, quota = 0 } = await navigator.storage.estimate();
      const items = await listStored(await weightCache(), await store());
      return { items, usage, quota, persisted: await navigator.storage.persisted() };
    },
    async deleteStored(kind, key) {
      if (kind === "run") return api.deleteRun(key);
      if (runningId) throw new TabTuneError("bad-argument", "A run is going on.", "Stop it before deleting data.");
      if (kind === "model") return deleteModel(await weightCache(), key);
      return deleteDataset(await store(), key);
    },

    async plan(json, rows, longest): Promise<PlanInfo> {
      const current = needModel();
      const recipe = parseRecipe(json);
      checkSupported(recipe);
      const { config, llava } = current;
      const length = longest || featuresPerTile(config) * current.tilesPerPicture + 64;
      const memory = planRun(current, recipe, length);
      const batch = recipe.perDeviceTrainBatchSize * recipe.gradientAccumulationSteps;
      const steps = rows > 0 || recipe.maxSteps !== -1 ? totalSteps(recipe, rows) : 0;
      const flops = stepFlops(
        config,
        llava.weights.vocab,
        recipe.loraR,
        batch * length,
        batch * Math.min(length, 124),
        batch * current.tilesPerPicture,
        length,
        memory.capacity.policy,
      );
      const { fits, advice } = fitOf(recipe, (changed) => planRun(current, changed, length), llava.gpu.facts);
      return {
        trainableParameters: memory.trainableParameters,
        memory: memory.groups,
        totalBytes: memory.totalBytes,
        checkpointBytes: memory.checkpointBytes,
        fits,
        advice,
        flopsPerStep: flops.executed,
        steps,
        epochs: rows > 0 ? (steps * batch) / rows : 0,
        policy: memory.capacity.policy === "recompute" ? "recompute" : "keep",
      };
    },

    async train({ recipe, datasetId }, onEvent) {
      const parsed = parseRecipe(recipe);
      const runId = crypto.randomUUID();
      // Asked at the first start: checkpoints are worth keeping from then on. The answer changes nothing here.
      await navigator.storage.persist?.();
      return run(runId, parsed, datasetId, false, onEvent);
    },

    async resumeRun(runId, onEvent) {
      const current = needModel();
      const { info, recipe } = await savedRun(await store(), runId);
      if (info.modelId !== current.id) {
        throw new TabTuneError(
          "bad-argument",
          `This run was started on ${info.modelLabel}, not on the model that is loaded.`,
          `Load ${info.modelLabel}, then press Resume run.`,
          "The run's checkpoints are kept.",
        );
      }
      return run(runId, recipe, info.datasetId, true, onEvent);
    },

    async pause() {
      control?.set({ pause: true });
    },
    async unpause() {
      await closeChat();
      control?.set({ pause: false });
    },
    async stopAndSave() {
      control?.set({ stop: true });
    },
    async saveNow() {
      control?.set({ save: true });
    },

    listRuns: summaries,
    async readLog(runId) {
      return (await savedRun(await store(), runId)).log;
    },
    async deleteRun(runId) {
      await withLock(runId, async () => {
        if (live?.runId === runId) {
          await closeChat();
          dropAdapter();
        }
        await deleteRun(await store(), runId);
      });
    },

    async downloadAdapter(runId) {
      return adapterBundle(await store(), runId);
    },

    async downloadGguf(runId) {
      return ggufOf(await store(), runId);
    },
    async mergeInto(runId, folder, onProgress) {
      await mergeRun(await store(), needModel(), runId, folder, onProgress);
    },

    async useAdapterOf(runId) {
      if (live?.runId === runId && isAlive(needModel().llava.gpu)) return;
      if (runningId)
        throw new TabTuneError("bad-argument", "A run is going on.", "Stop it before changing the adapter.");
      await closeChat();
      dropAdapter();
      live = await loadAdapterOf(await store(), await livingModel(), runId);
    },

    async chat(request: ChatRequest, onEvent) {
      const current = await livingModel();
      if (control && !control.pause) {
        throw new TabTuneError("bad-argument", "The model is training.", "Pause the training to chat.");
      }
      chat ??= await createChat(current.llava, live?.adapter, {
        contextRows: Math.min(CHAT_ROWS, current.config.text.maxPositions),
        tiles: CHAT_PICTURES * current.tilesPerPicture,
        normalise: current.normalise,
        makeTower,
      });
      const preparation = preparationOf(current.preparation);
      const { tokenizer } = preparation;
      const prompt = await chatPrompt(request.turns, preparation);
      stopChat = false;
      const started = performance.now();
      const ids: number[] = [];
      const text = (): string => tokenizer.decode(ids).trimStart();
      const { stopped } = await chat.generate(prompt, request.useAdapter && live !== undefined, {
        maxNewTokens: request.maxNewTokens,
        eosIds: current.eosIds,
        temperature: request.temperature,
        topP: request.topP,
        random: seededRandom(request.seed),
        onPrefill: (tokens) => onEvent({ type: "prefill", tokens }),
        onToken: (id) => {
          ids.push(id);
          // A character of several byte tokens is held back until it is whole.
          const words = text();
          if (!words.endsWith("\uFFFD")) onEvent({ type: "text", text: words });
          return stopChat;
        },
      });
      return { text: text(), tokens: ids.length, seconds: (performance.now() - started) / 1000, stopped };
    },
    async stopChat() {
      stopChat = true;
    },
    async ping() {
      return performance.now();
    },
  };
  return reportingAll(api);
}

function isAlive(gpu: Gpu): boolean {
  try {
    gpu.alive();
    return true;
  } catch {
    // The reason was told to whoever was using the device; here only the fact counts.
    return false;
  }
}

/** Every call rejects with a plain ErrorReport: Comlink does not carry an error class's own fields. */
function reportingAll(api: EngineApi): EngineApi {
  const wrapped: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(api)) {
    wrapped[name] = async (...args: unknown[]) => {
      try {
        return await (call as (...a: unknown[]) => Promise<unknown>)(...args);
      } catch (error) {
        throw toReport(error);
      }
    };
  }
  return wrapped as unknown as EngineApi;
}
