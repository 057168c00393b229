/** Runs: what one will take, starting and steering it, and what is saved of it. */
import { TabTuneError } from "../errors.ts";
import { policyName } from "../models/activations.ts";
import type { RunsApi } from "../protocol/engine.ts";
import { parseRecipe, type Recipe } from "../recipe.ts";
import { freeBytes } from "../storage/quota.ts";
import type { Store } from "../storage/store.ts";
import { checkpointRoom, onModel } from "../training/plan.ts";
import { changeAbout } from "../training/saved/about.ts";
import { readAnswers } from "../training/saved/answers.ts";
import { extendRun } from "../training/saved/extend.ts";
import { savedRun } from "../training/saved/runs.ts";
import { adapterBundle, savedModules } from "./adapters.ts";
import { keepAdapter, startFromRun } from "./beginnings.ts";
import { ggufOf, llamaCppRun, mergeRun } from "./exports.ts";
import { fitOf } from "./fit.ts";
import { handOver } from "./hand-over.ts";
import { makeReady } from "./ready.ts";
import { removeRun, summaries, superviseRun, withLock } from "./runs.ts";
import { type EngineState, needModel } from "./state.ts";
import { supplying } from "./supplying.ts";
import { closeChat, inTurn, needIdle, reading } from "./turns.ts";

export const runsApi = (s: EngineState): RunsApi => ({
  async plan(json, data, loading = s.source?.loading) {
    const current = needModel(s);
    const recipe = parseRecipe({ ...json, ...loading });
    const planOf = (of: Recipe) => onModel(current, of).planOf(data);
    const { memory, flops, steps, epochs } = planOf(recipe);
    const { fits, advice } = fitOf(recipe, (changed) => planOf(changed).memory, current.vlm.gpu.facts);
    return {
      trainableParameters: memory.trainableParameters,
      memory: memory.groups,
      totalBytes: memory.totalBytes,
      lentBytes: memory.lentBytes,
      answerBytes: memory.answerBytes,
      checkpointBytes: memory.checkpointBytes,
      storage: { needs: checkpointRoom(recipe, steps, memory.checkpointBytes), free: await freeBytes() },
      fits,
      advice,
      flopsPerStep: flops.executed,
      flopsPerStepSeen: flops.seen,
      steps,
      epochs,
      policy: policyName(memory.capacity.policy, current.config.decoder.numLayers),
    };
  },

  async makeReady(json, data) {
    const current = needModel(s);
    if (s.runningId) return;
    await makeReady(s, current, { recipe: parseRecipe({ ...json, ...s.source?.loading }), data });
  },

  async train({ recipe, datasetId, from, which, answerRows }, onEvent, supply) {
    const parsed = parseRecipe({ ...recipe, ...s.source?.loading });
    const begun =
      from === undefined
        ? undefined
        : await reading(s, from, async () => startFromRun(await s.store(), needModel(s), from, parsed, which));
    const runId = crypto.randomUUID();
    // Asked at the first start: checkpoints are worth keeping from then on. The answer changes nothing here.
    await navigator.storage.persist?.();
    return superviseRun(s, {
      runId,
      recipe: begun?.recipe ?? parsed,
      datasetId,
      resume: false,
      start: begun?.start,
      answerRows,
      onEvent,
      ...supplying(datasetId, supply),
    });
  },

  async resumeRun(runId, onEvent, supply) {
    const { datasetId, recipe } = await resumable(s, runId);
    return superviseRun(s, { runId, recipe, datasetId, resume: true, onEvent, ...supplying(datasetId, supply) });
  },
  async moreSteps(runId, steps, onEvent, supply) {
    const { datasetId } = await resumable(s, runId);
    needIdle(s, "Stop it before going on with another one.");
    const { step, maxSteps, status, lineage } = (await summaries(s)).find((run) => run.id === runId)!;
    // One that ended early goes on from there.
    if ((step < maxSteps && status !== "done") || lineage.imported) {
      throw new TabTuneError(
        "bad-argument",
        "This run has no end to go on from.",
        "Resume it, or train on from it.",
        "The run is not disturbed.",
      );
    }
    const store = await s.store();
    await withLock(runId, () => extendRun(store, runId, step + steps));
    const { recipe } = await savedRun(store, runId);
    return superviseRun(s, { runId, recipe, datasetId, resume: true, onEvent, ...supplying(datasetId, supply) });
  },

  async setPace(mode) {
    s.pace = mode;
    if (s.model) s.model.vlm.pace.mode = mode;
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
  async keepAdapter(files) {
    const id = await keepAdapter(await s.store(), needModel(s), s.source?.loading ?? {}, files);
    return (await summaries(s)).find((run) => run.id === id)!;
  },
  async readLog(runId) {
    return (await savedRun(await s.store(), runId)).log;
  },
  async readEvaluations(runId) {
    return (await savedRun(await s.store(), runId)).evaluations;
  },
  async readRunAnswers(runId, after) {
    return reading(s, runId, async () => (await readAnswers(await s.store(), runId, after)) ?? null);
  },
  describeRun: async (runId, words) => changeAbout(await s.store(), runId, words),
  discardRun: (runId) => removeRun(s, runId, (store) => changeAbout(store, runId, { deletedAt: Date.now() })),
  restoreRun: async (runId) => changeAbout(await s.store(), runId, { deletedAt: undefined }),
  deleteRun: (runId) => removeRun(s, runId),

  async downloadAdapter(runId, which = undefined) {
    return reading(s, runId, async () => adapterBundle(await s.store(), runId, which));
  },
  async downloadGguf(runId) {
    return reading(s, runId, async () => ggufOf(await s.store(), runId));
  },
  async handOver(what, supply) {
    const datasetOf = async (store: Store): Promise<string> =>
      "runId" in what ? (await savedRun(store, what.runId)).info.datasetId : what.datasetId;
    const store = await s.store();
    const supplied = supplying(await datasetOf(store), supply).supply;
    const work = () => handOver(store, needModel(s), s.source?.loading ?? {}, what, supplied);
    const runId = "runId" in what ? what.runId : what.from;
    return runId === undefined ? work() : reading(s, runId, work);
  },
  async mergeInto(runId, folder, onProgress) {
    const saved = await reading(s, runId, async () => savedModules(await s.store(), runId));
    return mergeRun(needModel(s), saved, folder, onProgress);
  },
  async llamaCppInto(runId, to, onProgress) {
    const saved = await reading(s, runId, async () => savedModules(await s.store(), runId));
    return llamaCppRun(needModel(s), saved, to, onProgress);
  },
});

/** A saved run of the loaded model. Throws TabTuneErrors "bad-argument" where it is another's and "bad-checkpoint" where there is none. */
async function resumable(s: EngineState, runId: string) {
  const current = needModel(s);
  const store = await s.store();
  const { info, recipe } = await savedRun(store, runId);
  if (info.modelId !== current.id) {
    throw new TabTuneError(
      "bad-argument",
      `This run was started on ${info.modelLabel}, with ${fourBitWords(recipe)}, not on the model that is loaded.`,
      `Load ${info.modelLabel} that way (Loading settings), then press Resume run.`,
      "The run's checkpoints are kept.",
    );
  }
  return { datasetId: info.datasetId, recipe };
}

/** "language model and vision tower in 4 bits (FP4, double quantisation)" */
function fourBitWords({ loadIn4bit, quantizeModules, bnb4bitQuantType, bnb4bitUseDoubleQuant }: Recipe): string {
  if (!loadIn4bit || quantizeModules.length === 0) return "nothing in 4 bits";
  const format = `${bnb4bitQuantType.toUpperCase()}${bnb4bitUseDoubleQuant ? ", double quantisation" : ""}`;
  return `${quantizeModules.map((m) => m.replaceAll("_", " ")).join(" and ")} in 4 bits (${format})`;
}
