/** The recipe being edited, its plan, and the run that is going on. Field names are Hugging Face's, as in recipe files. */
import type { Remote } from "comlink";
import { create } from "zustand";
import type { PaceMode } from "../../workers/gpu/pace.ts";
import type { FeatureCounts } from "../../workers/models/kept/feature-cache.ts";
import type { EngineApi, PlanInfo } from "../../workers/protocol/engine.ts";
import type { ModelInfo } from "../../workers/protocol/model.ts";
import {
  parseRecipe,
  practical,
  type Recipe,
  recipeProblems,
  seedReport,
  toHuggingFace,
} from "../../workers/recipe.ts";
import type { EvaluationRecord, OddRow, RunEvent, RunState, StepRecord } from "../../workers/training/events.ts";
import type { PlannedData } from "../../workers/training/plan.ts";
import { remembered } from "../page/remembered.ts";
import { attempt, useApp } from "../page/store.ts";
import { callback, engine } from "../page/workers.ts";
import { type Quantised, quantisedBy, quantisedWords } from "../parts/loading.ts";
import { adapterKeys, useBeginning } from "./beginning.ts";
import { useDataset } from "./dataset.ts";
import { engineSupply } from "./engine-supply.ts";
import { useModel } from "./model.ts";
import { notifyOtherTabs } from "./other-tabs.ts";
import { useRuns } from "./runs.ts";

export type Preset = "Demo model" | "Practical" | "Seed report";
export type Fields = Record<string, unknown>;

interface TrainingStore {
  preset: Preset;
  fields: Fields;
  /** Somebody chose this recipe: it is kept for the next visit and when another model is loaded. */
  touched: boolean;
  /** By field: what it must be and is not. Such a recipe has no plan and starts no run. */
  problems: Map<string, string>;
  plan: PlanInfo | undefined;
  /** The recipe that `plan` is of. */
  planned: Recipe | undefined;
  /** Of the same recipe on the model loaded anew as the recipe says; only where it is loaded otherwise. */
  planAnew: PlanInfo | undefined;
  /** The form that the preset of now took the place of, and what its run would have taken; undefined where nobody chose it since the page opened. */
  replaced: { preset: Preset; fields: Fields; plan: PlanInfo | undefined } | undefined;
  /** What a run would wait for is done ahead: the kernels are tried and compiled. */
  readying: symbol | undefined;
  runId: string | undefined;
  state: RunState;
  step: number;
  maxSteps: number;
  records: StepRecord[];
  /** What was measured of the held-out rows, ascending by step. */
  evaluations: EvaluationRecord[];
  /** Held-out rows that are measured by now, of so many; while that goes on. */
  measuring: { rows: number; of: number } | undefined;
  /** Steps at which the run went on after an interruption: marked in the chart. */
  resumedAt: number[];
  note: string;
  /** Rows prepared on demand that were met since the run began or went on, and are not trained on as they are. */
  oddRows: Record<OddRow["outcome"], number>;
  /** What became of the pictures' features in this run. */
  features: FeatureCounts | undefined;
  /** How hard runs work the GPU; kept between visits. */
  pace: PaceMode;
  setPace(pace: PaceMode): Promise<void>;
  /** `touched` false: the page's own choice. */
  setPreset(preset: Preset, touched?: boolean): void;
  setField(name: string, value: unknown): void;
  /** A whole recipe of somebody's. */
  setFields(fields: Fields, preset?: Preset): void;
  refreshPlan(): Promise<void>;
  /** Tells its engine the pace; a recipe that somebody chose stays, else the model's preset is set. */
  modelLoaded(model: ModelInfo): void;
  /** The recipe's LoRA keys are those of the adapter that the next run begins with. */
  beginningChanged(): void;
  start(): Promise<void>;
  resumeRun(runId: string): Promise<void>;
  /** Goes on with a run that has ended, for so many steps more. */
  moreSteps(runId: string, steps: number): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  stopAndSave(): Promise<void>;
  saveNow(): Promise<void>;
}

const presetFields = (preset: Preset): Fields => {
  const { info } = useModel.getState();
  if (preset === "Demo model" && info?.recipe) return { ...toHuggingFace(practical), ...info.recipe };
  // A model's largest pictures may be longer than the usual row; the report's script cuts none.
  if (preset === "Seed report")
    return { ...toHuggingFace(seedReport), max_length: Math.max(seedReport.maxLength, info?.maxLength ?? 0) };
  return { ...toHuggingFace(practical), ...(info ? { max_length: info.maxLength } : {}) };
};

/** The form as a preset makes it; an adapter that the next run begins with keeps its own. */
export const fieldsOf = (preset: Preset): Fields => ({
  ...presetFields(preset),
  ...adapterKeys(useBeginning.getState().run),
});

/** How a preset has the model loaded, where it is not so now; undefined where it leaves that to Loading settings, or it is so. */
export function wantedLoading(preset: Preset, fields: Fields): Quantised | undefined {
  if (preset !== "Seed report") return undefined;
  const { loaded, loading } = useModel.getState();
  const wanted = quantisedBy(fields);
  const words = (quantised: Quantised): string => JSON.stringify(quantisedWords(quantised));
  return words(wanted) === words(loaded?.loading ?? loading) ? undefined : wanted;
}

/** The recipe of the last visit. A field that was empty then has its preset's value again: JSON knows no NaN. */
function lastRecipe(): { preset: Preset; fields: Fields } | undefined {
  const { recipe } = remembered();
  if (!recipe) return undefined;
  const { preset, fields } = recipe;
  const problems = recipeProblems(fields);
  const sound = Object.entries(fields).filter(([name]) => !problems.has(name));
  return { preset, fields: { ...presetFields(preset), ...Object.fromEntries(sound) } };
}

/** So many evaluations a run has at first. */
const EVALUATIONS = 10;

/** What follows from a field that is set: evaluations begin with an interval, and without them nothing goes by them. */
function tiedTo(name: string, value: unknown, steps = 0): Fields {
  if (name !== "eval_strategy") return {};
  if (value === "steps") return { eval_steps: Math.max(1, Math.round(steps / EVALUATIONS)) };
  return { eval_steps: null, load_best_model_at_end: false, early_stopping_patience: null };
}

const PACE_KEY = "tabtune-pace";

export const useTraining = create<TrainingStore>((set, get) => {
  const onEvent = (event: RunEvent): void => {
    notifyOtherTabs(event);
    if (event.type === "checkpoint" && event.phase === "written") void useRuns.getState().refresh();
    if (event.type === "state") {
      const { runId, state, step, maxSteps, notes = [] } = event;
      // The run is in the list from the moment that its record is written.
      const { runs, refresh } = useRuns.getState();
      if (state === "training" && !runs.some(({ id }) => id === runId)) void refresh();
      const measuring = state === "evaluating" ? {} : { measuring: undefined };
      set({ runId, state, step, maxSteps, note: notes.join(" "), ...measuring });
      const { records, evaluations, resumedAt } = get();
      // The run went back to a checkpoint: what came after it is made again.
      if (state === "training" && records.some((record) => record.step > step)) {
        set({
          records: records.filter((record) => record.step <= step),
          evaluations: evaluations.filter((evaluation) => evaluation.step <= step),
          resumedAt: [...resumedAt, step],
        });
      }
      if (event.error) useApp.getState().fail("training", event.error);
    } else if (event.type === "row") {
      set(({ oddRows: before }) => ({ oddRows: { ...before, [event.row.outcome]: before[event.row.outcome] + 1 } }));
    } else if (event.type === "evaluating") {
      set({ measuring: { rows: event.rows, of: event.of } });
    } else if (event.type === "evaluation") {
      const { record } = event;
      set((s) => ({ evaluations: [...s.evaluations.filter(({ step }) => step < record.step), record] }));
    } else if (event.type === "features") {
      set({ features: event.counts });
    } else if (event.type === "step") {
      set((s) => ({ step: event.record.step, maxSteps: event.maxSteps, records: [...s.records, event.record] }));
    }
  };
  /** Waits for the end of a run; what went wrong is told in the panel. */
  const follow = async (run: Promise<unknown>): Promise<void> => {
    try {
      await run;
    } catch (error) {
      set({ state: "failed" });
      useApp.getState().fail("training", error);
    }
    // A dead engine cannot list runs; the next model load does.
    if (useModel.getState().info) await useRuns.getState().refresh();
  };
  /** Has the engine do ahead what the first step would wait for. */
  const makeReady = async (fields: Fields, data: PlannedData | undefined): Promise<void> => {
    const mine = Symbol();
    set({ readying: mine });
    await attempt("model", () => engine((api) => api.makeReady(fields, data)));
    if (get().readying === mine) set({ readying: undefined });
  };
  /** The plan of the recipe and the data as they are now. */
  const planNow = async (): Promise<void> => {
    const { fields, problems } = get();
    const data = useDataset.getState().info;
    if (!useModel.getState().info) return;
    if (problems.size > 0) {
      // Each is told at its field.
      set({ plan: undefined, planAnew: undefined });
      useApp.getState().clear("training");
      return;
    }
    try {
      const { separated } = useDataset.getState();
      const rows = separated?.training ?? data?.rows ?? 0;
      const planned = data && { rows, longest: data.longest, pictures: data.mostPictures };
      const plan = await engine((api) => api.plan(fields, planned));
      const anew = wantedLoading(get().preset, fields);
      const loading = useModel.getState().loaded?.loading;
      const planAnew = anew && (await engine((api) => api.plan(fields, planned, { ...loading, ...anew })));
      // Answers may overtake each other while a field is being typed in.
      if (get().fields === fields) {
        // The plan is there, so the recipe is sound.
        set({ plan, planned: parseRecipe(fields), planAnew });
        useApp.getState().clear("training");
        void makeReady(fields, planned);
      }
    } catch (error) {
      if (get().fields === fields) {
        set({ plan: undefined, planAnew: undefined });
        useApp.getState().fail("training", error);
      }
    }
  };
  const setRecipe = (preset: Preset, given: Fields, touched = true): void => {
    const fields = { ...given, ...adapterKeys(useBeginning.getState().run) };
    set({ preset, fields, touched, problems: recipeProblems(fields) });
    void planNow();
  };
  /** Goes on with a saved run by `call`, `more` steps past its end. The panels show its recipe, its rows and its losses. */
  const goOn = async (
    runId: string,
    more: number,
    call: (api: Remote<EngineApi>) => Promise<unknown>,
  ): Promise<void> => {
    useApp.getState().clear("training");
    set({ state: "preparing" });
    const summary = useRuns.getState().runs.find((run) => run.id === runId);
    // More steps are counted from where the run stands: one that ended early is short of its length.
    const maxSteps = more > 0 ? (summary?.step ?? 0) + more : (summary?.maxSteps ?? 0);
    try {
      const records = await engine((api) => api.readLog(runId));
      const evaluations = await engine((api) => api.readEvaluations(runId));
      set({
        records,
        evaluations,
        step: summary?.step ?? 0,
        maxSteps,
        resumedAt: [summary?.step ?? 0],
      });
      // The panels show the run's own recipe and rows. Rows that are gone are told by the engine.
      if (summary) {
        await useDataset.getState().open(summary.datasetId);
        useBeginning.getState().beginWith(undefined);
        setRecipe(get().preset, { ...summary.recipe, ...(more > 0 ? { max_steps: maxSteps } : {}) });
      }
    } catch (error) {
      set({ state: "failed" });
      useApp.getState().fail("training", error);
      return;
    }
    await follow(engine(call));
  };
  const last = lastRecipe();
  /** A word to the run; when the engine is dead, `follow` tells it. */
  const ask = async (call: (api: Remote<EngineApi>) => Promise<void>): Promise<void> => {
    useApp.getState().clear("training");
    await attempt("training", () => engine(call));
  };
  return {
    preset: last?.preset ?? "Practical",
    fields: last?.fields ?? toHuggingFace(practical),
    touched: last !== undefined,
    problems: new Map(),
    plan: undefined,
    planned: undefined,
    planAnew: undefined,
    replaced: undefined,
    readying: undefined,
    runId: undefined,
    state: "idle",
    step: 0,
    maxSteps: 0,
    records: [],
    evaluations: [],
    measuring: undefined,
    resumedAt: [],
    note: "",
    oddRows: { "left-out": 0, cut: 0 },
    features: undefined,
    pace: localStorage.getItem(PACE_KEY) === "gentle" ? "gentle" : "full speed",
    async setPace(pace) {
      localStorage.setItem(PACE_KEY, pace);
      set({ pace });
      // An engine without a model is told when it has one.
      if (useModel.getState().info) await ask((api) => api.setPace(pace));
    },
    setPreset(preset, touched = true) {
      const { preset: before, fields, plan } = get();
      set({ replaced: touched ? { preset: before, fields, plan } : undefined });
      setRecipe(preset, presetFields(preset), touched);
    },
    beginningChanged: () => setRecipe(get().preset, get().fields, get().touched),
    // It stays whichever model is loaded: that of the demo model would go with it.
    setFields: (fields, preset = get().preset === "Demo model" ? "Practical" : get().preset) =>
      setRecipe(preset, fields),
    setField: (name, value) =>
      setRecipe(get().preset, { ...get().fields, [name]: value, ...tiedTo(name, value, get().plan?.steps) }),
    refreshPlan: planNow,
    modelLoaded({ recipe }) {
      const { pace, setPace, preset, touched, refreshPlan, setPreset } = get();
      // The engine that loaded it may be a new one.
      void setPace(pace);
      // A preset that this model lacks cannot stay.
      const fits = preset !== "Demo model" || recipe !== null;
      if (touched && fits) void refreshPlan();
      else setPreset(recipe ? "Demo model" : "Practical", false);
    },
    async start() {
      const data = useDataset.getState().info;
      if (!data) return;
      useApp.getState().clear("training");
      const oddRows = { "left-out": 0, cut: 0 };
      const maxSteps = get().plan?.steps ?? 0;
      set({
        state: "preparing",
        records: [],
        evaluations: [],
        resumedAt: [],
        oddRows,
        features: undefined,
        step: 0,
        maxSteps,
      });
      const { run, which } = useBeginning.getState();
      const request = { recipe: get().fields, datasetId: data.id, from: run?.id, which };
      await follow(engine((api) => api.train(request, callback(onEvent), callback(engineSupply))));
    },
    resumeRun: (runId) => goOn(runId, 0, (api) => api.resumeRun(runId, callback(onEvent), callback(engineSupply))),
    moreSteps: (runId, steps) =>
      goOn(runId, steps, (api) => api.moreSteps(runId, steps, callback(onEvent), callback(engineSupply))),
    pause: () => ask((api) => api.pause()),
    unpause: () => ask((api) => api.unpause()),
    stopAndSave: () => ask((api) => api.stopAndSave()),
    saveNow: () => ask((api) => api.saveNow()),
  };
});
