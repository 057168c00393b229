/** `EngineApi` over one GPU, one model and at most one run: what the page can ask for. */

import { TabTuneError, toReport } from "../errors.ts";
import { policyName } from "../models/activations.ts";
import { featuresPerTile } from "../models/config.ts";
import { stepFlops } from "../models/memory-plan.ts";
import type { LoadedModel } from "../models/open.ts";
import type { Capability, EngineApi, PlanInfo } from "../protocol/engine.ts";
import type { ModelInfo } from "../protocol/model.ts";
import { parseRecipe, stepsPerEpoch, totalSteps } from "../recipe.ts";
import { headSizesOf, keptVerdict } from "../self-test/self-test.ts";
import { checkSupported, planRun } from "../training/plan.ts";
import { deleteRun, savedRun } from "../training/saved/runs.ts";
import { adapterBundle, loadAdapterOf, savedModules } from "./adapters.ts";
import { answer } from "./chat-answer.ts";
import { ggufOf, mergeRun } from "./exports.ts";
import { fitOf } from "./fit.ts";
import { modelInfoOf } from "./model-info.ts";
import { previewOf } from "./model-source.ts";
import { summaries, superviseRun, tested, withLock } from "./runs.ts";
import {
  isAlive,
  letGo,
  livingModel,
  makeModel,
  needModel,
  newSession,
  openedGpu,
  type Session,
  standModel,
} from "./session.ts";
import { deleteDataset, deleteModel, listStored } from "./stored-items.ts";
import { asLoad, closeChat, dropAdapter, inTurn, needIdle, needNoLoad, readersOf, reading } from "./turns.ts";

export function createEngine(s: Session = newSession()): EngineApi {
  const api: EngineApi = {
    async probe(): Promise<Capability> {
      try {
        const gpu = await openedGpu(s);
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

    async loadModel(source, loading, onProgress): Promise<ModelInfo> {
      needIdle(s, "Stop it before loading another model.");
      return asLoad(s, "load", async (signal) => {
        const model = await beside(s, () => makeModel(s, source, loading, signal, onProgress));
        try {
          const info = await modelInfoOf(model, source.kind === "embedded");
          await inTurn(s, () => standModel(s, model, { info, from: source, loading }));
          return info;
        } catch (error) {
          if (s.model !== model) model.llava.arena.dispose();
          throw error;
        }
      });
    },
    async currentModel() {
      return s.model ? s.source!.info : null;
    },

    async previewModel(source, loading) {
      const gpu = await openedGpu(s);
      const { usage = 0, quota = 0 } = await navigator.storage.estimate();
      const recipe = parseRecipe(loading);
      const cache = await s.weightCache();
      return asLoad(s, "preview", (signal) => previewOf(source, recipe, cache, signal, gpu.facts, quota - usage));
    },
    async stopLoading() {
      s.loading?.stop();
    },

    async selfTest(run) {
      const current = needModel(s);
      if (run) return tested(s, current);
      const { gpu, config } = current.llava;
      return (await keptVerdict(gpu.facts, headSizesOf(config), navigator.userAgent, await s.store())) ?? null;
    },

    async listStored() {
      const { usage = 0, quota = 0 } = await navigator.storage.estimate();
      const items = await listStored(await s.weightCache(), await s.store());
      return { items, usage, quota, persisted: await navigator.storage.persisted() };
    },
    async deleteStored(kind, key) {
      if (kind === "run") return api.deleteRun(key);
      needIdle(s, "Stop it before deleting data.");
      needNoLoad(s);
      if (kind === "model") return deleteModel(await s.weightCache(), key);
      return deleteDataset(await s.store(), key);
    },

    async plan(json, rows, longest): Promise<PlanInfo> {
      const current = needModel(s);
      const recipe = parseRecipe({ ...json, ...s.source?.loading });
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
        // An epoch ends its last batch and window, however few rows are left for them.
        epochs: rows > 0 ? steps / stepsPerEpoch(recipe, rows) : 0,
        policy: policyName(memory.capacity.policy, config.text.numLayers),
      };
    },

    async train({ recipe, datasetId }, onEvent) {
      const parsed = parseRecipe({ ...recipe, ...s.source?.loading });
      const runId = crypto.randomUUID();
      // Asked at the first start: checkpoints are worth keeping from then on. The answer changes nothing here.
      await navigator.storage.persist?.();
      return superviseRun(s, runId, parsed, datasetId, false, onEvent);
    },

    async resumeRun(runId, onEvent) {
      const current = needModel(s);
      const { info, recipe } = await savedRun(await s.store(), runId);
      if (info.modelId !== current.id) {
        throw new TabTuneError(
          "bad-argument",
          `This run was started on ${info.modelLabel}, with ${listOf(recipe.quantizeModules)} in 4 bits, not on the model that is loaded.`,
          `Load ${info.modelLabel} that way (Loading settings), then press Resume run.`,
          "The run's checkpoints are kept.",
        );
      }
      return superviseRun(s, runId, recipe, info.datasetId, true, onEvent);
    },

    async setPace(mode) {
      s.pace = mode;
      if (s.model) s.model.llava.pace.mode = mode;
    },
    async pause() {
      s.control?.set({ pause: true });
    },
    async unpause() {
      await inTurn(s, async () => {
        await closeChat(s);
        s.paused = false;
        s.control?.set({ pause: false });
      });
    },
    async stopAndSave() {
      s.control?.set({ stop: true });
    },
    async saveNow() {
      s.control?.set({ save: true });
    },

    listRuns: () => summaries(s),
    async readLog(runId) {
      return (await savedRun(await s.store(), runId)).log;
    },
    async deleteRun(runId) {
      if (s.runningId === runId) needIdle(s, "Stop it before deleting it.");
      await readersOf(s, runId);
      await inTurn(s, () =>
        withLock(runId, async () => {
          if (s.live?.runId === runId) {
            await closeChat(s);
            dropAdapter(s);
          }
          await deleteRun(await s.store(), runId);
        }),
      );
    },

    async downloadAdapter(runId) {
      return reading(s, runId, async () => adapterBundle(await s.store(), runId));
    },

    async downloadGguf(runId) {
      return reading(s, runId, async () => ggufOf(await s.store(), runId));
    },
    async mergeInto(runId, folder, onProgress) {
      const saved = await reading(s, runId, async () => savedModules(await s.store(), runId));
      await mergeRun(needModel(s), saved, folder, onProgress);
    },

    useAdapterOf: (runId) =>
      inTurn(s, async () => {
        if (s.live?.runId === runId && isAlive(needModel(s).llava.gpu)) return;
        needIdle(s, "Stop it before changing the adapter.");
        const model = await livingModel(s);
        const next = await loadAdapterOf(await s.store(), model, runId);
        await closeChat(s);
        dropAdapter(s);
        s.live = next;
      }),

    chat: (request, onEvent) => answer(s, request, onEvent),
    async stopChat() {
      for (const asked of s.asked) asked.stopped = true;
    },
    async ping() {
      return performance.now();
    },
  };
  return reportingAll(api);
}

/**
 * Makes a model beside the one that is there. Where the GPU has no room for both, the one that is there goes first; when the new one fails
 * all the same, it is loaded again from where it came.
 */
async function beside(s: Session, make: () => Promise<LoadedModel>): Promise<LoadedModel> {
  try {
    return await make();
  } catch (error) {
    if (!s.model || toReport(error).code !== "out-of-memory") throw error;
  }
  const before = s.source!;
  await inTurn(s, () => letGo(s));
  try {
    return await make();
  } catch (error) {
    const again = await makeModel(s, before.from, before.loading, new AbortController().signal, () => {});
    await inTurn(s, () => standModel(s, again, before));
    throw error;
  }
}

const listOf = (modules: string[]): string => modules.map((m) => m.replaceAll("_", " ")).join(" and ") || "nothing";

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
