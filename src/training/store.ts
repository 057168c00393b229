/** The recipe being edited, its plan, and the run that is going on. Field names are Hugging Face's, as in recipe files. */
import type { Remote } from "comlink";
import { create } from "zustand";
import type { EngineApi, PaceMode, PlanInfo, RunEvent, RunState, StepRecord } from "../../workers/protocol.ts";
import { practical, seedReport, toHuggingFace } from "../../workers/train/recipe.ts";
import { useApp } from "../app/store.ts";
import { callback, engine } from "../app/workers.ts";
import { useDataset } from "../dataset/store.ts";
import { useModel } from "../model/store.ts";
import { useRuns } from "../runs/store.ts";
import { tellOtherTabs } from "../runs/watch.ts";

export type Preset = "Demo model" | "Practical" | "Seed report";
export type Fields = Record<string, unknown>;

interface TrainingStore {
  preset: Preset;
  fields: Fields;
  plan: PlanInfo | undefined;
  runId: string | undefined;
  state: RunState;
  step: number;
  maxSteps: number;
  records: StepRecord[];
  /** Steps at which the run went on after an interruption: marked in the chart. */
  resumedAt: number[];
  note: string;
  /** How hard runs work the GPU; kept between visits. */
  pace: PaceMode;
  setPace(pace: PaceMode): Promise<void>;
  setPreset(preset: Preset): void;
  setField(name: string, value: unknown): void;
  refreshPlan(): Promise<void>;
  start(): Promise<void>;
  resumeRun(runId: string): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  stopAndSave(): Promise<void>;
  saveNow(): Promise<void>;
}

const presetFields = (preset: Preset): Fields => {
  const demo = useModel.getState().info?.recipe;
  if (preset === "Demo model" && demo) return { ...toHuggingFace(practical), ...demo };
  return toHuggingFace(preset === "Seed report" ? seedReport : practical);
};

const PACE_KEY = "tabtune-pace";

export const isRunning = (state: RunState): boolean =>
  ["preparing", "compiling", "training", "pausing", "paused", "saving"].includes(state);

export const useTraining = create<TrainingStore>((set, get) => {
  const onEvent = (event: RunEvent): void => {
    tellOtherTabs(event);
    if (event.type === "state") {
      const { runId, state, step, maxSteps, note = "" } = event;
      set({ runId, state, step, maxSteps, note });
      const { records, resumedAt } = get();
      // The run went back to a checkpoint: what came after it is made again.
      if (state === "training" && records.some((record) => record.step > step)) {
        set({ records: records.filter((record) => record.step <= step), resumedAt: [...resumedAt, step] });
      }
      if (event.error) useApp.getState().fail("training", event.error);
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
  /** A word to the run; when the engine is dead, `follow` tells it. */
  const ask = async (call: (api: Remote<EngineApi>) => Promise<void>): Promise<void> => {
    useApp.getState().clear("training");
    try {
      await engine(call);
    } catch (error) {
      useApp.getState().fail("training", error);
    }
  };
  return {
    preset: "Practical",
    fields: toHuggingFace(practical),
    plan: undefined,
    runId: undefined,
    state: "idle",
    step: 0,
    maxSteps: 0,
    records: [],
    resumedAt: [],
    note: "",
    pace: localStorage.getItem(PACE_KEY) === "gentle" ? "gentle" : "full speed",
    async setPace(pace) {
      localStorage.setItem(PACE_KEY, pace);
      set({ pace });
      // An engine without a model is told when it has one.
      if (useModel.getState().info) await ask((api) => api.setPace(pace));
    },
    setPreset(preset) {
      set({ preset, fields: presetFields(preset) });
      void get().refreshPlan();
    },
    setField(name, value) {
      set((s) => ({ fields: { ...s.fields, [name]: value } }));
      void get().refreshPlan();
    },
    async refreshPlan() {
      const { fields } = get();
      const data = useDataset.getState().info;
      if (!useModel.getState().info) return;
      try {
        const plan = await engine((api) => api.plan(fields, data?.rows ?? 0, data?.longest ?? 0));
        // Answers may overtake each other while a field is being typed in.
        if (get().fields === fields) {
          set({ plan });
          useApp.getState().clear("training");
        }
      } catch (error) {
        if (get().fields === fields) {
          set({ plan: undefined });
          useApp.getState().fail("training", error);
        }
      }
    },
    async start() {
      const data = useDataset.getState().info;
      if (!data) return;
      useApp.getState().clear("training");
      set({ state: "preparing", records: [], resumedAt: [], step: 0, maxSteps: get().plan?.steps ?? 0 });
      await follow(engine((api) => api.train({ recipe: get().fields, datasetId: data.id }, callback(onEvent))));
    },
    async resumeRun(runId) {
      useApp.getState().clear("training");
      set({ state: "preparing" });
      const summary = useRuns.getState().runs.find((run) => run.id === runId);
      try {
        const records = await engine((api) => api.readLog(runId));
        set({
          records,
          step: summary?.step ?? 0,
          maxSteps: summary?.maxSteps ?? 0,
          resumedAt: [summary?.step ?? 0],
          fields: summary ? { ...summary.recipe } : get().fields,
        });
      } catch (error) {
        set({ state: "failed" });
        useApp.getState().fail("training", error);
        return;
      }
      await follow(engine((api) => api.resumeRun(runId, callback(onEvent))));
    },
    pause: () => ask((api) => api.pause()),
    unpause: () => ask((api) => api.unpause()),
    stopAndSave: () => ask((api) => api.stopAndSave()),
    saveNow: () => ask((api) => api.saveNow()),
  };
});

useModel.subscribe((state, before) => {
  if (!state.info || state.info === before.info) return;
  const { pace, setPace, setPreset } = useTraining.getState();
  // The engine that loaded it may be a new one.
  void setPace(pace);
  setPreset(state.info.recipe ? "Demo model" : "Practical");
});
useDataset.subscribe((state, before) => {
  if (state.info !== before.info) void useTraining.getState().refreshPlan();
});
