/** The recipe being edited, its plan, and the run that is going on. Field names are Hugging Face's, as in recipe files. */
import type { Remote } from "comlink";
import { create } from "zustand";
import type { PaceMode } from "../../workers/gpu/pace.ts";
import type { FeatureCounts } from "../../workers/models/kept/feature-cache.ts";
import type { EngineApi, PlanInfo } from "../../workers/protocol/engine.ts";
import type { ModelInfo } from "../../workers/protocol/model.ts";
import { parseRecipe, practical, type Recipe, recipeProblems, toHuggingFace } from "../../workers/recipe.ts";
import type {
  EvaluationRecord,
  Measuring,
  OddRow,
  RunEvent,
  RunState,
  StepRecord,
} from "../../workers/training/events.ts";
import type { PlannedData } from "../../workers/training/plan.ts";
import { attempt, useApp } from "../page/store.ts";
import { callback, engine } from "../page/workers.ts";
import { adapterKeys, useBeginning } from "./beginning.ts";
import { useCarePlans } from "./care-plans.ts";
import { useDataset } from "./dataset.ts";
import { engineSupply } from "./engine-supply.ts";
import { useModel } from "./model.ts";
import { notifyOtherTabs } from "./other-tabs.ts";
import { evalStepsFor, ownEvaluation } from "./own-evaluation.ts";
import { type Fields, lastRecipe, type Preset, presetFields, wantedLoading } from "./presets.ts";
import { useRunAnswers } from "./run-answers.ts";
import { useRuns } from "./runs.ts";

interface TrainingStore {
  preset: Preset;
  fields: Fields;
  /** Somebody chose this recipe: it is kept for the next visit and when another model is loaded. */
  touched: boolean;
  /** Somebody chose whether and when held-out rows are measured; else the data decides. */
  evaluationChosen: boolean;
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
  /** Held-out rows that are measured, or answered, by now, of so many; while that goes on. */
  measuring: { what: Measuring; rows: number; of: number } | undefined;
  /** Steps at which the run went on after an interruption: marked in the chart. */
  resumedAt: number[];
  /** Steps that were saved since the page looks on: marked too. */
  checkpoints: number[];
  note: string;
  /** Why the run goes on by itself; "" where somebody wanted it. */
  about: string;
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
  /** Several fields at once; none of them says whether held-out rows are measured. */
  setSome(values: Fields): void;
  /** A whole recipe of somebody's. */
  setFields(fields: Fields, preset?: Preset): void;
  refreshPlan(): Promise<void>;
  /** There are other rows: where nobody has said whether some are measured, these decide. */
  dataChanged(): void;
  /** Tells its engine the pace; a recipe that somebody chose stays, else the model's preset is set. */
  modelLoaded(model: ModelInfo): void;
  /** The recipe's LoRA keys are those of the adapter that the next run begins with. */
  beginningChanged(): void;
  start(): Promise<void>;
  /** `about`: why it goes on, where nobody has pressed for it. */
  resumeRun(runId: string, about?: string): Promise<void>;
  /** Goes on with a run that has ended, for so many steps more. */
  moreSteps(runId: string, steps: number): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  stopAndSave(): Promise<void>;
  saveNow(): Promise<void>;
}

/** What follows from a field that is set: evaluations begin with an interval, and without them nothing goes by them. */
function tiedTo(name: string, value: unknown, { max_steps }: Fields, planned = 0): Fields {
  if (name !== "eval_strategy") return {};
  if (value === "steps") return { eval_steps: evalStepsFor(max_steps, planned) };
  return { eval_steps: null, load_best_model_at_end: false, early_stopping_patience: null };
}

const PACE_KEY = "tabtune-pace";

export const useTraining = create<TrainingStore>((set, get) => {
  const onEvent = (event: RunEvent): void => {
    notifyOtherTabs(event);
    if (event.type === "checkpoint" && event.phase === "written") {
      void useRuns.getState().refresh();
      set((s) => ({ checkpoints: [...s.checkpoints.filter((step) => step < event.step), event.step] }));
    }
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
        useRunAnswers.getState().backTo(step);
      }
      if (event.error) useApp.getState().fail("training", event.error);
    } else if (event.type === "row") {
      set(({ oddRows: before }) => ({ oddRows: { ...before, [event.row.outcome]: before[event.row.outcome] + 1 } }));
    } else if (event.type === "evaluating") {
      const { what, rows, of } = event;
      set({ measuring: { what, rows, of } });
    } else if (event.type === "evaluation") {
      const { record } = event;
      set((s) => ({ evaluations: [...s.evaluations.filter(({ step }) => step < record.step), record] }));
      void useRunAnswers.getState().more(event.runId);
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
  /** What the last plan had to tell. What a run has told stays, whatever is planned after it. */
  let toldByPlan: unknown;
  const clearPlan = (): void => {
    const app = useApp.getState();
    if (app.errors.training === toldByPlan) app.clear("training");
  };
  /** The plan of the recipe and the data as they are now. */
  const planNow = async (): Promise<void> => {
    const { fields, problems } = get();
    const data = useDataset.getState().info;
    if (!useModel.getState().info) return;
    if (problems.size > 0) {
      // Each is told at its field.
      set({ plan: undefined, planAnew: undefined });
      clearPlan();
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
        clearPlan();
        // The steps of a recipe that counts epochs are known now, and with them the evaluations that nobody chose.
        const { preset, touched, evaluationChosen } = get();
        const own = evaluationChosen ? {} : ownEvaluation(fields, { preset, data, planned: plan.steps });
        if ("eval_steps" in own && own.eval_steps !== fields.eval_steps) return setRecipe(preset, fields, touched);
        await attempt("training", () => useCarePlans.getState().refresh(fields, planned, plan));
        if (get().fields === fields) void makeReady(fields, planned);
      }
    } catch (error) {
      if (get().fields === fields) {
        set({ plan: undefined, planAnew: undefined });
        useApp.getState().fail("training", error);
        toldByPlan = useApp.getState().errors.training;
      }
    }
  };
  const setRecipe = (
    preset: Preset,
    given: Fields,
    touched = true,
    evaluationChosen = get().evaluationChosen,
  ): void => {
    const own = { preset, data: useDataset.getState().info, planned: get().plan?.steps ?? 0 };
    const measured = evaluationChosen ? {} : ownEvaluation(given, own);
    const fields = { ...given, ...measured, ...adapterKeys(useBeginning.getState().run) };
    set({ preset, fields, touched, evaluationChosen, problems: recipeProblems(fields) });
    void planNow();
  };
  /** Goes on with a saved run by `call`, `more` steps past its end. The panels show its recipe, its rows and its losses. */
  const goOn = async (
    runId: string,
    more: number,
    call: (api: Remote<EngineApi>) => Promise<unknown>,
    about = "",
  ): Promise<void> => {
    useApp.getState().clear("training");
    set({ state: "preparing", about });
    const summary = useRuns.getState().runs.find((run) => run.id === runId);
    // More steps are counted from where the run stands: one that ended early is short of its length.
    const maxSteps = more > 0 ? (summary?.step ?? 0) + more : (summary?.maxSteps ?? 0);
    try {
      const records = await engine((api) => api.readLog(runId));
      const evaluations = await engine((api) => api.readEvaluations(runId));
      await useRunAnswers.getState().begin(runId);
      set({
        records,
        evaluations,
        step: summary?.step ?? 0,
        maxSteps,
        resumedAt: [summary?.step ?? 0],
        checkpoints: summary ? [summary.step] : [],
      });
      // The panels show the run's own recipe and rows. Rows that are gone are told by the engine.
      if (summary) {
        await useDataset.getState().open(summary.datasetId);
        useBeginning.getState().beginWith(undefined);
        setRecipe(get().preset, { ...summary.recipe, ...(more > 0 ? { max_steps: maxSteps } : {}) }, true, true);
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
    evaluationChosen: last?.evaluationChosen ?? false,
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
    checkpoints: [],
    note: "",
    about: "",
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
      setRecipe(preset, presetFields(preset), touched, false);
    },
    dataChanged: () => setRecipe(get().preset, get().fields, get().touched),
    beginningChanged: () => setRecipe(get().preset, get().fields, get().touched),
    // It stays whichever model is loaded: that of the demo model would go with it.
    setFields: (fields, preset = get().preset === "Demo model" ? "Practical" : get().preset) =>
      setRecipe(preset, fields, true, true),
    setField: (name, value) => {
      const { preset, fields, plan, evaluationChosen } = get();
      const chosen = evaluationChosen || name === "eval_strategy" || name === "eval_steps";
      setRecipe(preset, { ...fields, [name]: value, ...tiedTo(name, value, fields, plan?.steps) }, true, chosen);
    },
    setSome: (values) => setRecipe(get().preset, { ...get().fields, ...values }),
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
      void useRunAnswers.getState().begin(undefined);
      const oddRows = { "left-out": 0, cut: 0 };
      const maxSteps = get().plan?.steps ?? 0;
      set({
        state: "preparing",
        records: [],
        evaluations: [],
        resumedAt: [],
        checkpoints: [],
        about: "",
        oddRows,
        features: undefined,
        step: 0,
        maxSteps,
      });
      const { run, which } = useBeginning.getState();
      const answerRows = useRunAnswers.getState().picked;
      const request = { recipe: get().fields, datasetId: data.id, from: run?.id, which, answerRows };
      await follow(engine((api) => api.train(request, callback(onEvent), callback(engineSupply))));
    },
    resumeRun: (runId, about) =>
      goOn(runId, 0, (api) => api.resumeRun(runId, callback(onEvent), callback(engineSupply)), about),
    moreSteps: (runId, steps) =>
      goOn(runId, steps, (api) => api.moreSteps(runId, steps, callback(onEvent), callback(engineSupply))),
    pause: () => ask((api) => api.pause()),
    unpause: () => ask((api) => api.unpause()),
    stopAndSave: () => ask((api) => api.stopAndSave()),
    saveNow: () => ask((api) => api.saveNow()),
  };
});
