import { beforeEach, expect, test, vi } from "vitest";
import type { Vote } from "../../workers/chat/votes.ts";
import type { DatasetInfo } from "../../workers/data/shards/prepare-dataset.ts";
import { TabTuneError } from "../../workers/errors.ts";
import type { ModelInfo } from "../../workers/protocol/model.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";

/** What the workers were asked, by method. */
const asked: Record<string, unknown[][]> = {};
const answers: Record<string, unknown> = {};
const page = vi.hoisted(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  vi.stubGlobal("window", { isSecureContext: false });
  vi.stubGlobal("document", { title: "TabTune", querySelector: () => null, hidden: false, addEventListener: () => {} });
  vi.stubGlobal("BroadcastChannel", class {});
  return { kept, engineDied: (_: unknown): void => {} };
});

vi.mock("../page/workers.ts", () => {
  const api = new Proxy(
    {},
    {
      get:
        (_, name: string) =>
        async (...call: unknown[]) => {
          asked[name] = [...(asked[name] ?? []), call];
          return answers[name];
        },
    },
  );
  return {
    engine: (call: (a: unknown) => unknown) => call(api),
    dataset: (call: (a: unknown, alive: () => void) => unknown) => call(api, () => {}),
    cancelDataset: () => {},
    callback: (f: unknown) => f,
    watchEngine: (onDeath: (reason: unknown) => void) => {
      page.engineDied = onDeath;
    },
  };
});

const { wire } = await import("./wiring.ts");
const { useApp } = await import("../page/store.ts");
const { remembered } = await import("../page/remembered.ts");
const { useChat } = await import("../stores/chat.ts");
const { useDataset } = await import("../stores/dataset.ts");
const { useModel, usualLoading } = await import("../stores/model.ts");
const { useAdapters } = await import("../stores/adapters.ts");
const { useBeginning } = await import("../stores/beginning.ts");
const { takeFiles } = await import("../stores/drops.ts");
const { useRecipeFile } = await import("../stores/recipe-file.ts");
const { useRuns } = await import("../stores/runs.ts");
const { useStorage } = await import("../stores/storage.ts");
const { useTraining } = await import("../stores/training.ts");
const { useVotes } = await import("../stores/votes.ts");
wire();

const stores = [
  ...[useApp, useChat, useDataset, useModel, useStorage, useTraining],
  ...[useAdapters, useBeginning, useRecipeFile, useRuns],
] as const;
const model = (id: string, preparation = "p1", recipe: ModelInfo["recipe"] = null): ModelInfo =>
  ({ id, label: `model ${id}`, recipe, preparation: { id: preparation }, maxLength: 2048 }) as ModelInfo;
const data: DatasetInfo = {
  id: "d1",
  label: "pets",
  rows: 7,
  longest: 90,
  mostPictures: 2,
  skipped: [],
} as unknown as DatasetInfo;
const saved = (id: string, change: Partial<RunSummary> = {}): RunSummary =>
  ({
    id,
    modelId: "m",
    bytes: 5,
    step: 4,
    maxSteps: 4,
    recipe: { lora_r: 3 },
    lineage: { more: [] },
    ...change,
  }) as RunSummary;
const file = (path: string, content = "") => ({ path, blob: new Blob([content]) });
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

beforeEach(async () => {
  for (const store of stores) (store as typeof useApp).setState((store as typeof useApp).getInitialState(), true);
  await settled();
  page.kept.clear();
  for (const name of Object.keys(asked)) delete asked[name];
  Object.assign(answers, { questions: [], prepare: data, preview: [], open: null, plan: { steps: 500 }, listRuns: [] });
});

test("a loaded model: what waited is prepared for it, its runs are listed, it is remembered", async () => {
  await useDataset.getState().use({ kind: "sample" });
  expect(useDataset.getState().waiting).toEqual({ kind: "sample" });
  useModel.setState({ info: model("a", "p1", { max_steps: 100 }) });
  await settled();
  expect(useDataset.getState().info).toBe(data);
  expect(useTraining.getState().preset).toBe("Demo model");
  expect(Object.keys(asked)).toEqual(expect.arrayContaining(["prepare", "setPace", "plan", "listRuns", "listStored"]));
  // Once without rows, once with them.
  expect(asked.plan?.at(-1)?.slice(1)).toEqual([{ rows: 7, longest: 90, pictures: 2 }]);
  expect(remembered()).toMatchObject({
    model: { source: { kind: "embedded" }, label: "model a" },
    data: { id: "d1", rows: 7, sample: true, preparation: "p1" },
  });
});

test("a model with another tokenizer: rows that cannot be prepared anew are no longer shown", async () => {
  useModel.setState({ info: model("a") });
  answers.open = data;
  await useDataset.getState().open("d1");
  useModel.setState({ info: model("b", "p1") });
  expect(useDataset.getState().info).toBe(data);
  useModel.setState({ info: model("c", "p2") });
  expect(useDataset.getState()).toMatchObject({
    info: undefined,
    gone: "The rows of pets were prepared for model a: drop the files again.",
  });
});

test("rows that the recipe holds out are counted when it or the data changes, and the plan goes by the others", async () => {
  useModel.setState({ info: model("a") });
  answers.open = data;
  await useDataset.getState().open("d1");
  await settled();
  expect(asked.separate).toBeUndefined();
  answers.separate = { training: 4, heldOut: 3, words: "3 of 7 rows are held out." };
  useTraining.getState().setField("eval_strategy", "steps");
  // Ten evaluations in a run, of the 500 steps that the plan tells.
  expect(useTraining.getState().fields.eval_steps).toBe(50);
  await settled();
  expect(useDataset.getState().separated?.words).toBe("3 of 7 rows are held out.");
  expect(asked.plan?.at(-1)?.[1]).toEqual({ rows: 4, longest: 90, pictures: 2 });
  useTraining.getState().setField("load_best_model_at_end", true);
  useTraining.getState().setField("learning_rate", 0.1);
  await settled();
  expect(asked.separate?.length).toBe(2);
  useTraining.getState().setField("eval_strategy", "no");
  await settled();
  expect(useTraining.getState().fields).toMatchObject({ eval_steps: null, load_best_model_at_end: false });
  expect(useDataset.getState().separated).toBeUndefined();
  expect(asked.plan?.at(-1)?.[1]).toEqual({ rows: 7, longest: 90, pictures: 2 });
});

test("more steps are counted from where a run stands, also where it ended early", async () => {
  useModel.setState({ info: model("m") });
  useRuns.setState({ runs: [saved("early", { step: 4, maxSteps: 10, status: "done" })] });
  Object.assign(answers, { readLog: [], readEvaluations: [], listRuns: useRuns.getState().runs });
  await useTraining.getState().moreSteps("early", 3);
  expect(useTraining.getState().maxSteps).toBe(7);
  expect(useTraining.getState().fields.max_steps).toBe(7);
  expect(asked.moreSteps?.[0]?.slice(0, 2)).toEqual(["early", 3]);
});

test("rows that are deleted under Storage are no longer shown", async () => {
  useDataset.setState({ info: data });
  useStorage.setState({ removed: { kind: "data", key: "d2" } });
  expect(useDataset.getState().info).toBe(data);
  useStorage.setState({ removed: { kind: "data", key: "d1" } });
  expect(useDataset.getState()).toMatchObject({ info: undefined, gone: "The rows of pets were deleted." });
});

test("storage that was cleared under a run takes the rows with it; what the run told stays behind the plan that follows", async () => {
  useModel.setState({ info: model("a") });
  useDataset.setState({ info: data });
  await settled();
  useApp.getState().fail("training", new TabTuneError("storage-gone", "It was cleared.", "Choose the data again."));
  expect(useDataset.getState()).toMatchObject({ info: undefined, gone: expect.stringMatching(/pets/) });
  const planned = asked.plan!.length;
  await settled();
  expect(asked.plan!.length).toBeGreaterThan(planned);
  expect(useApp.getState().errors.training?.code).toBe("storage-gone");
});

test("votes that are deleted under Storage are no longer listed", async () => {
  useVotes.setState({ votes: [{ id: "v" } as Vote] });
  answers.listVotes = { votes: [], damaged: 0 };
  useStorage.setState({ removed: { kind: "votes", key: "votes" } });
  await settled();
  expect(useVotes.getState().votes).toEqual([]);
});

test("a recipe is remembered when somebody chose it", () => {
  useTraining.getState().setField("lora_r", 8);
  expect(remembered().recipe?.fields.lora_r).toBe(8);
  useTraining.getState().setPreset("Practical", false);
  expect(remembered().recipe).toBeUndefined();
});

test("the chat speaks by the run that trains, until another model is loaded", () => {
  useModel.setState({ info: model("a") });
  useTraining.setState({ runId: "r1" });
  expect(useChat.getState().adapterRun).toBe("r1");
  useModel.setState({ info: model("a") });
  expect(useChat.getState().adapterRun).toBe("r1");
  useModel.setState({ info: model("b") });
  expect(useChat.getState().adapterRun).toBeUndefined();
});

test("the tab's title follows the run", () => {
  useTraining.setState({ state: "training", step: 3, maxSteps: 9 });
  expect(document.title).toBe("3/9 – TabTune");
  useTraining.setState({ state: "done" });
  expect(document.title).toBe("TabTune");
});

test("the run that has ended is the result on show, and says how fast this machine is", () => {
  const adapter = { vendor: "ann", architecture: "one", description: "", software: false, maxBufferSize: 1 };
  useApp.setState({ capability: { usable: true, adapter } });
  const recipe = { per_device_train_batch_size: 4, gradient_accumulation_steps: 2 };
  useRuns.setState({ runs: [{ id: "r", modelLabel: "tiny", recipe } as unknown as RunSummary], chosen: undefined });
  const record = (step: number, seconds: number) => ({
    ...{ step, loss: 1, gradNorm: 1, learningRate: 1e-3, targetTokens: 1, tokens: 1, seconds },
  });
  const records = [9, 9, 9, 2, 1, 3].map((seconds, n) => record(n + 1, seconds));
  useTraining.setState({ runId: "r", state: "training", records: records.slice(0, 5) });
  useTraining.setState({ state: "stopped" });
  expect(useRuns.getState().chosen).toBe("r");
  // Too few steps to say.
  expect(page.kept.get("tabtune-speed")).toBeUndefined();
  useTraining.setState({ state: "training", records });
  useTraining.setState({ state: "done" });
  expect(JSON.parse(page.kept.get("tabtune-speed")!)).toMatchObject({
    ...{ adapter: "ann one", model: "tiny", rows: 8, seconds: 2 },
  });
});

test("an engine that dies takes the model along; who waits for it tells it in its own panel", () => {
  const reason = { code: "worker-died", message: "Gone.", remedy: "", safe: "" };
  useModel.setState({ info: model("a") });
  page.engineDied(reason);
  expect(useModel.getState().info).toBeUndefined();
  expect(useApp.getState().errors.model).toMatchObject({ message: "Gone." });

  useApp.getState().clear("model");
  useModel.setState({ info: model("a") });
  useTraining.setState({ state: "training" });
  page.engineDied(reason);
  expect(useModel.getState().info).toBeUndefined();
  expect(useApp.getState().errors.model).toBeUndefined();
});

test("an adapter that is dropped waits for a model, and is then held against it", async () => {
  answers.adapterIn = { label: "voice", weights: new Uint8Array(1), config: "{}" };
  await takeFiles([file("adapter_model.safetensors"), file("adapter_config.json")]);
  expect(useAdapters.getState().waiting?.label).toBe("voice");
  expect([asked.keepAdapter, asked.look]).toEqual([undefined, undefined]);
  answers.keepAdapter = saved("a", { datasetLabel: "voice" });
  useModel.setState({ info: model("m") });
  await settled();
  expect(asked.keepAdapter).toEqual([[answers.adapterIn]]);
  expect(useAdapters.getState()).toMatchObject({ waiting: undefined, told: expect.stringContaining("voice is added") });
});

test("a zip without an adapter is data, and a JSON file with a recipe's keys is a recipe", async () => {
  answers.adapterIn = null;
  await takeFiles([file("set.zip")]);
  expect(useDataset.getState().waiting).toMatchObject({ kind: "files", label: "set.zip" });
  await takeFiles([file("mine.json", '{"max_steps": 7, "lora_r": 5}')]);
  expect(useTraining.getState().fields).toMatchObject({ max_steps: 7, lora_r: 5 });
  expect(useRecipeFile.getState().told).toMatch(/^mine\.json changed max_steps 7, lora_r 5\./);
  expect(useDataset.getState().waiting).toMatchObject({ label: "set.zip" });
  useTraining.setState({ state: "training" });
  await takeFiles([file("mine.json", '{"max_steps": 9}')]);
  expect(useTraining.getState().fields.max_steps).toBe(7);
  expect(useApp.getState().errors.training?.message).toBe("A run is going on.");
});

test("a run that begins with an adapter has its rank whatever preset is chosen, until the adapter is gone", async () => {
  useModel.setState({ info: model("m") });
  const run = saved("a");
  useRuns.setState({ runs: [run] });
  useBeginning.getState().beginWith(run);
  expect(useTraining.getState().fields.lora_r).toBe(3);
  useTraining.getState().setPreset("Seed report");
  expect(useTraining.getState().fields).toMatchObject({ lora_r: 3, max_steps: 500 });
  useDataset.setState({ info: data });
  await useTraining.getState().start();
  expect(asked.train?.[0]?.[0]).toMatchObject({ from: "a", datasetId: "d1" });
  useBeginning.getState().beginWith(run, "best");
  await useTraining.getState().start();
  expect(asked.train?.map(([request]) => (request as { which?: string }).which)).toEqual([undefined, "best"]);
  useRuns.setState({ runs: [] });
  expect(useBeginning.getState().run).toBeUndefined();
  useBeginning.getState().beginWith(run);
  useModel.setState({ info: model("other") });
  expect(useBeginning.getState().run).toBeUndefined();
});

test("a deleted run leaves the chat and the comparison, and is freed when its time is over", async () => {
  vi.useFakeTimers();
  const run = saved("a");
  useRuns.setState({ runs: [run], compared: ["a", "b"] });
  useChat.setState({ adapterRun: "a" });
  await useRuns.getState().discard(run);
  expect(useChat.getState().adapterRun).toBeUndefined();
  expect(useRuns.getState()).toMatchObject({ compared: ["b"], discarded: [run] });
  await useRuns.getState().restore("a");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.deleteRun).toBeUndefined();
  await useRuns.getState().discard(run);
  await vi.advanceTimersByTimeAsync(15_000);
  await useRuns.getState().restore("a");
  await useRuns.getState().discard(run);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(asked.deleteRun).toBeUndefined();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.deleteRun).toEqual([["a"]]);
  vi.useRealTimers();
});

test("the seed report on a model that is loaded otherwise: what a run takes on it, and on it loaded anew", async () => {
  const loaded = { source: { kind: "embedded" }, loading: { ...usualLoading, max_image_tiles: 3 } } as const;
  useModel.setState({ info: model("a"), loaded });
  await settled();
  asked.plan = [];
  useTraining.getState().setPreset("Seed report");
  await settled();
  expect(useTraining.getState().planAnew).toEqual({ steps: 500 });
  // Beside it the plans of the questions about memory are asked for, on the model as it is.
  expect(asked.plan?.map(([, , loading]) => loading).filter((loading) => loading !== undefined)).toEqual([
    { ...loaded.loading, quantize_modules: ["language_model", "multi_modal_projector", "vision_tower"] },
  ]);
  expect(useTraining.getState().replaced).toMatchObject({ preset: "Practical", plan: { steps: 500 } });
  // Loaded as the script has it, and loaded at will: there is nothing to offer.
  const quantize_modules = ["language_model", "multi_modal_projector", "vision_tower"] as const;
  const anew = { ...loaded, loading: { ...loaded.loading, quantize_modules: [...quantize_modules] } };
  useModel.setState({ info: model("b"), loaded: anew });
  await settled();
  expect(useTraining.getState().planAnew).toBeUndefined();
  useModel.setState({ info: model("a"), loaded });
  useTraining.getState().setPreset("Practical");
  await settled();
  expect(useTraining.getState().planAnew).toBeUndefined();
});
