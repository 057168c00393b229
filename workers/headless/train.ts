/** `train`: the page's run with files in place of panels. Checkpoints lie in OUT/checkpoints, so a killed run goes on with --resume. */

import { readdir, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { modelCard } from "../adapter/card.ts";
import { CARD_FILE, CONFIG_FILE, WEIGHTS_FILE } from "../adapter/file-names.ts";
import { exportPeft, exportTensors, momentEntries } from "../adapter/peft-export.ts";
import { importLoraInit } from "../adapter/peft-import.ts";
import { recipeKeysOf } from "../adapter/placed.ts";
import { adviceWords } from "../advice.ts";
import { type Dataset, openDataset } from "../data/shards/dataset.ts";
import { deleteDataset } from "../data/shards/manifest.ts";
import { prepareDataset } from "../data/shards/prepare-dataset.ts";
import type { DatasetProgress } from "../data/shards/read-drop.ts";
import { cutRows } from "../data/text/fit-length.ts";
import { trainedRows } from "../engine/adapters.ts";
import { TabTuneError } from "../errors.ts";
import { Planner } from "../gpu/buffers.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { type ModuleMatrices, readAdapter, readMoments, readTrained } from "../models/adapter-slabs.ts";
import { positionsOf } from "../models/config.ts";
import { featureWords } from "../models/kept/feature-words.ts";
import type { LoadedModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import { type Recipe, totalSteps } from "../recipe.ts";
import { openFsStore } from "../storage/fs.ts";
import type { Store } from "../storage/store.ts";
import { adviceOnRecipe } from "../training/advice/on-recipe.ts";
import { adviceOnRun } from "../training/advice/on-run.ts";
import { separateRows } from "../training/held-out.ts";
import { newControl } from "../training/loop.ts";
import { loggedWindows, toEvaluationLogLine, toLogLine } from "../training/metrics.ts";
import type { LiveAdapter } from "../training/open-run.ts";
import { loraSettings } from "../training/plan.ts";
import { runTraining } from "../training/run.ts";
import { readEvaluations } from "../training/saved/evaluations.ts";
import { extendRun } from "../training/saved/extend.ts";
import { generationsOf, readLatest, readManifest } from "../training/saved/format.ts";
import { originWords, readLineage } from "../training/saved/lineage.ts";
import { readLog } from "../training/saved/log.ts";
import { readRunInfo, savedRun } from "../training/saved/runs.ts";
import { notesOnSameRun } from "../training/saved/same-run.ts";
import { markOfWeights, storedMark, storeMark } from "../training/saved/weights-mark.ts";
import { writeSafetensors } from "../weights/formats/safetensors.ts";
import { startOf, withKeys } from "./adapter.ts";
import { writeAnswers } from "./answers-of-run.ts";
import type { Arguments } from "./arguments.ts";
import { dataOf } from "./data.ts";
import { stopInOrder, stopped } from "./interrupt.ts";
import { loadedModel, note, readBytes, skipped, writeWhole } from "./open.ts";
import { openPictureThreads } from "./picture-threads.ts";
import { forgetTested, refuseUnlessTested } from "./self-test.ts";
import { stepsWriter } from "./steps-file.ts";
import { terminal } from "./terminal.ts";
import { showRows, showRun } from "./train-progress.ts";

export const RUN = "headless";
/** Steps whose gradients `--dump` writes. */
const DUMPED_STEPS = 3;

/** Matrices of a `--lora-init` file by module; none without one. */
async function initialOf(
  file: string | undefined,
  model: LoadedModel,
  recipe: Recipe,
): Promise<Map<string, ModuleMatrices>> {
  if (file === undefined) return new Map();
  const planned = allocateAdapter(new Planner(), model.config, loraSettings(recipe), { training: false });
  const sizes = new Map(planned.modules.map((m) => [m.module, m]));
  const given = await importLoraInit(new Uint8Array(await readBytes(file, "a LoRA start")), {
    sizes,
    rank: recipe.loraR,
    names: model.config.names,
  });
  return new Map(given.map((m) => [m.module, m]));
}

/** The recipe of a run that goes on: where it began with an adapter, its LoRA keys are that one's still. */
async function resumedRecipe(store: Store, given: Recipe): Promise<Recipe> {
  const { origin } = await readLineage(store, RUN);
  return origin ? withKeys(given, recipeKeysOf(loraSettings((await savedRun(store, RUN)).recipe))) : given;
}

/** Optimizer steps in the newest checkpoint; 0 where there is none. */
async function stepsSaved(store: Store): Promise<number> {
  const latest = await readLatest(store, RUN);
  const manifest = latest === undefined ? undefined : await readManifest(store, RUN, latest);
  return typeof manifest === "object" ? manifest.step : 0;
}

export async function train(args: Arguments): Promise<void> {
  const out = args.text("out");
  const stopAfter = args.whole("steps", 1);
  const resume = args.flag("resume");
  const [init, from] = [args.maybe("lora-init"), args.maybe("adapter")];
  if (init !== undefined && from !== undefined)
    throw new TabTuneError(
      "bad-argument",
      "--lora-init and --adapter both say what to begin with.",
      "Give one of them.",
    );
  const { model, recipe: given } = await loadedModel(args);
  const drop = await dataOf(args);
  // What does not fit is refused before anything is written.
  const begun = from === undefined || resume ? undefined : await startOf(model, given, from);
  const initial = await initialOf(init, model, given);
  const checkpoints = path.join(out, "checkpoints");
  const answersFile = path.join(out, "answers.jsonl");
  if (!resume) {
    await rm(checkpoints, { recursive: true, force: true });
    await rm(answersFile, { force: true });
  }
  const store = await openFsStore(checkpoints);
  const saved = resume ? await readRunInfo(store, RUN) : undefined;
  if (resume && !saved) {
    throw new TabTuneError("bad-checkpoint", `${out} has no run to resume.`, "Leave out --resume to start one.");
  }
  const recipe = saved ? await resumedRecipe(store, given) : (begun?.recipe ?? given);
  // A resumed run makes the steps behind its checkpoint again, bit for bit; the run's own log has those before it.
  const steps = stepsWriter(path.join(out, "steps.jsonl"), async () =>
    resume
      ? { records: (await readLog(store, RUN)).records, evaluations: await readEvaluations(store, RUN) }
      : { records: [], evaluations: [] },
  );
  const windows = loggedWindows(recipe.loggingSteps);
  const reported = new Set<string>();
  const report = (words: string): void => {
    if (!reported.has(words)) note(words);
    reported.add(words);
  };
  const written = [path.join(out, "steps.jsonl")];
  let live: LiveAdapter | undefined;
  /** Rows prepared on demand that lost their end. */
  let cut = 0;
  /** What became of the pictures' features. */
  let features = "";
  const pictures = openPictureThreads(model.preparation);
  const control = newControl();
  const stop = stopInOrder(() => {
    note("it stops after the step under way, and saves; once more stops at once.");
    control.set({ stop: true });
  });
  const refuseIfStopped = (): void => {
    const left = resume ? `${out} is as it was.` : "Nothing was left behind.";
    if (stop.asked) throw stopped("It was stopped before the first step.", "Give the same command once more.", left);
  };
  let ended: "done" | "stopped";
  try {
    const mark = await markOfWeights(model.checkpoint);
    if (!saved) await storeMark(store, RUN, mark);
    const preparation = preparationOf(model.preparation);
    const onProgress = (progress: DatasetProgress): void => {
      refuseIfStopped();
      showRows(progress);
    };
    const { info, supply } = await prepareDataset(store, drop, preparation, onProgress, { pictures });
    refuseIfStopped();
    for (const row of info.skipped) skipped(row.source, row.message);
    const dataset = (await openDataset(store, info.id, supply && ((rows) => supply.prepare(rows))))!;
    if (saved) {
      const own = await openDataset(store, saved.datasetId);
      const offered = {
        modelId: model.id,
        modelLabel: model.files.label,
        weights: { own: await storedMark(store, RUN), now: mark },
        recipe,
        dataset: dataset.manifest,
      };
      try {
        notesOnSameRun(saved, own?.manifest, offered).forEach(report);
        if (recipe.maxSteps > saved.maxSteps) report(await extendRun(store, RUN, recipe.maxSteps));
      } catch (error) {
        // The rows that were refused have no place beside the run's own.
        if (info.id !== saved.datasetId) await deleteDataset(store, info.id);
        throw error;
      }
      const option = init === undefined ? "--adapter" : "--lora-init";
      if ((init ?? from) !== undefined && (await generationsOf(store, RUN)).size > 0)
        report(`${option} is not read: the run goes on from its checkpoint.`);
    }
    info.notes.forEach(report);
    await refuseUnlessTested(model.vlm);
    refuseIfStopped();
    if (!saved) (await adviceBefore(store, dataset, recipe, model, begun !== undefined)).forEach(report);
    ended = await runTraining({
      model,
      store,
      dataset,
      recipe,
      runId: RUN,
      control,
      resume,
      ...(stopAfter === undefined ? {} : { stopAfter }),
      loraInit: (module) => initial.get(module),
      start: begun?.start,
      onAdapter: (adapter) => {
        live = adapter;
      },
      onEvent: (event) => {
        showRun(event, stopAfter);
        if (event.type === "step") {
          steps.add(event.record);
          const logged = windows(event.record);
          if (logged && !terminal.live) terminal.tell(toLogLine(logged));
        } else if (event.type === "evaluation") {
          steps.addEvaluation(event.record);
          terminal.tell(toEvaluationLogLine(event.record));
        } else if (event.type === "features") features = featureWords(event.counts);
        else if (event.type === "row" && event.row.outcome === "left-out") skipped(event.row.source, event.row.message);
        else if (event.type === "row") cut += 1;
        // What the run has to say of itself (rows that are cut or left out, the model's own) comes with each state: once is enough.
        else if (event.type === "state") event.notes?.forEach(report);
      },
      onGradients: async (step, adapter) => {
        await steps.flush();
        if (!args.flag("dump") || step > DUMPED_STEPS) return;
        const gradients = await readAdapter(model.vlm, adapter, adapter.grads);
        const file = path.join(out, `gradients-step-${step}.safetensors`);
        written.push(file);
        const full = await readTrained(model.vlm, adapter, adapter.grads);
        await writeWhole(file, exportTensors(gradients, full, model.config.names));
      },
    });
    await steps.flush();
    if ((await stepsSaved(store)) === 0) refuseIfStopped();
    await writeAnswers(store, RUN, answersFile);
    if (cut > 0) note(cutRows(cut));
    if (features) note(features);
    const run = { records: (await readLog(store, RUN)).records, evaluations: await readEvaluations(store, RUN) };
    const { hiddenSize } = model.config.decoder;
    adviceOnRun({ ...run, recipe, hiddenSize, ended: !stop.asked })
      .map(adviceWords)
      .forEach(report);
  } catch (error) {
    if (error instanceof TabTuneError && error.code === "wrong-numbers") await forgetTested(model.vlm);
    if (!resume) {
      for (const file of written) await rm(file, { force: true });
      // Checkpoints are kept: they are what --resume goes on from. Before the first one there is nothing to go on from.
      if ((await stepsSaved(store)) === 0) {
        await rm(checkpoints, { recursive: true, force: true });
        // The folder was perhaps there before, with other things in it.
        if ((await readdir(out)).length === 0) await rmdir(out);
      }
    }
    throw error;
  } finally {
    stop.dispose();
    pictures.dispose();
  }
  const { adapter } = live!;
  const modules = await readAdapter(model.vlm, adapter);
  const { names } = model.config;
  const settings = {
    names,
    baseModel: model.files.label,
    alpha: recipe.loraAlpha,
    dropout: recipe.loraDropout,
    useRslora: recipe.useRslora,
  };
  const { weights, config } = exportPeft(modules, settings, await readTrained(model.vlm, adapter));
  await writeWhole(path.join(out, WEIGHTS_FILE), weights);
  await writeWhole(path.join(out, CONFIG_FILE), config);
  const { info, log, evaluations } = await savedRun(store, RUN);
  const card = modelCard({
    ...{ title: `${model.files.label} on ${drop.label}`, baseModel: model.files.label, datasetLabel: drop.label },
    ...{ names, recipe, modelClass: model.family.modelClass, processor: model.processor, ...model.inference },
    ...{ imported: false, began: originWords(await readLineage(store, RUN)), rows: await trainedRows(store, info) },
    ...{ step: log.at(-1)?.step ?? 0, maxSteps: info.maxSteps, finalLoss: log.at(-1)?.loss ?? null },
    heldOut: evaluations.at(-1),
    trainableParameters: adapter.trainableParameters,
  });
  await writeWhole(path.join(out, CARD_FILE), card);
  if (args.flag("dump")) {
    const { first, second } = await readMoments(model.vlm, adapter);
    const entries = [...momentEntries(first, "exp_avg", names), ...momentEntries(second, "exp_avg_sq", names)];
    await writeWhole(path.join(out, "optimizer.safetensors"), writeSafetensors(entries));
  }
  if (ended === "stopped" && stop.asked) {
    throw stopped(
      `It was stopped after step ${log.at(-1)?.step} of ${info.maxSteps}.`,
      "Give the same command with --resume to go on.",
      `${out} has the checkpoint and the adapter of this step.`,
    );
  }
}

/** What looks wrong in the recipe for these rows. Rows that are cut are told by the run itself. */
async function adviceBefore(
  store: Store,
  dataset: Dataset,
  recipe: Recipe,
  { config: { decoder } }: LoadedModel,
  goesOn: boolean,
): Promise<string[]> {
  const { rows } = (await separateRows({ store, runId: RUN, resume: false }, dataset, recipe)).training;
  const model = { hiddenSize: decoder.hiddenSize, positions: positionsOf(decoder) };
  const data = { rows, lengths: [] };
  return adviceOnRecipe({ recipe, model, steps: totalSteps(recipe, rows), data, goesOn }).map(adviceWords);
}
