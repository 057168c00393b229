/**
 * The golden cases beside these tests (reference/fixtures/README.md says what is in them), opened as the engine would open what a
 * user drops, and runs over them with everything that can be compared. Tests only.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Example } from "../data/example.ts";
import { prepareExample } from "../data/prepare-example.ts";
import { type InputFile, readRows } from "../data/rows/read-rows.ts";
import { type Dataset, openDataset } from "../data/shards/dataset.ts";
import { prepareDataset } from "../data/shards/prepare-dataset.ts";
import { dataFiles } from "../headless/open.ts";
import { type ModuleMatrices, readAdapter } from "../models/adapter-slabs.ts";
import { type LoadedModel, loadModel, type OpenedModel, openModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import { parseRecipe, type Recipe } from "../recipe.ts";
import { memoryStore } from "../storage/memory.ts";
import type { Store } from "../storage/store.ts";
import type { StepRecord } from "../training/events.ts";
import { newControl } from "../training/loop.ts";
import type { LiveAdapter, RunOptions } from "../training/open-run.ts";
import { runTraining } from "../training/run.ts";
import { toF32 } from "../weights/formats/dtype.ts";
import { readSafetensors } from "../weights/formats/safetensors.ts";
import { filesFromDirectory } from "../weights/hub/fs-files.ts";
import { testGpu } from "./device.ts";

export interface GoldenStep {
  /** Row indices of each micro-batch. */
  rows: number[][];
  loss: number;
  grad_norm: number;
  lr: number;
  n_targets: number;
}

export interface GoldenAnswer {
  ids: number[];
  /** First logit minus second, for each id. */
  margins: number[];
}

export interface GoldenRow {
  file: string;
  input_ids: number[];
  labels_all: number[];
  labels_response: number[];
  n_image_tokens: number;
  n_tiles: number;
  /** Of cases with several pictures a row, as the next: mean loss of the answers, of this row alone on the unquantised base. */
  loss_response_fp32: number;
  pictures: { file: string; n_tiles: number; n_image_tokens: number }[];
  /** Of models whose tokens have three positions: [3][tokens]. */
  position_ids?: number[][];
}

export interface GoldenExpected {
  template: { kind: string; jinja: string };
  rows: GoldenRow[];
  /** The same weights with other files. */
  variants?: { name: string; files: Record<string, unknown>; rows: GoldenRow[] }[];
  runs: Record<string, { settings: Record<string, number | string>; steps: GoldenStep[] }>;
  generation: Record<
    string,
    {
      row: number;
      prompt: string;
      /** Pictures of the prompt, in cases with several a row. */
      files?: string[];
      input_ids: number[];
      adapter_on: GoldenAnswer;
      adapter_off: GoldenAnswer;
    }[]
  >;
}

export interface Golden {
  modelFolder: string;
  dataFolder: string;
  expected: GoldenExpected;
  /** A tensor of golden.safetensors; undefined where the oracle stored none. */
  tensor(name: string): Float32Array | undefined;
  /** Of U8. */
  bytes(name: string): Uint8Array | undefined;
}

export type GoldenCase =
  | "llava-mha"
  | "llava-next-mistral"
  | "own-gqa"
  | "own-mha"
  | "own-next"
  | "own-tiny"
  | "smolvlm"
  | "llava-qwen"
  | "onevision"
  | "qwen3-vl";

export async function openGolden(name: GoldenCase): Promise<Golden> {
  const folder = fileURLToPath(new URL(`./goldens/${name}/`, import.meta.url));
  const { tensors } = await readSafetensors(new Uint8Array(readFileSync(`${folder}golden.safetensors`)));
  return {
    modelFolder: `${folder}model`,
    dataFolder: `${folder}data`,
    expected: JSON.parse(readFileSync(`${folder}expected.json`, "utf8")),
    tensor(key) {
      const found = tensors.get(key);
      return found && toF32(found.data, found.dtype);
    },
    bytes: (key) => tensors.get(key)?.data,
  };
}

/** Of run d: 4 bits and LoRA on every linear. */
const everywhere = {
  quantize_modules: ["language_model", "multi_modal_projector", "vision_tower"],
  target_modules: "all-linear",
};

/** The recipe of a golden run, in Hugging Face names. */
export function goldenRecipe({ expected }: Golden, run: string): Record<string, unknown> {
  const s = expected.runs[run]!.settings;
  return {
    max_steps: s.schedule_total_steps,
    per_device_train_batch_size: s.micro_batch,
    gradient_accumulation_steps: s.grad_accum,
    learning_rate: s.lr,
    lr_scheduler_type: s.scheduler,
    warmup_steps: s.warmup_steps,
    weight_decay: s.weight_decay,
    max_grad_norm: s.max_grad_norm,
    lora_r: s.r,
    lora_alpha: s.lora_alpha,
    data_order: "huggingface",
    train_on: s.label_key === "labels_all" ? "all-text" : "responses",
    load_in_4bit: s.quant !== "none",
    ...(s.quant === "nf4-all" ? everywhere : {}),
    chat_template: expected.template.jinja,
  };
}

export async function openGoldenModel(golden: Golden, recipe: Recipe): Promise<OpenedModel> {
  return openModel(await filesFromDirectory(golden.modelFolder), recipe);
}

export async function loadGoldenModel(golden: Golden, recipe: Recipe): Promise<LoadedModel> {
  return loadModel(await testGpu(), await openGoldenModel(golden, recipe), undefined, () => {});
}

export async function goldenFiles(golden: Golden): Promise<InputFile[]> {
  return (await dataFiles(golden.dataFolder)).files;
}

/** All rows of the case, prepared, in file order. */
export async function goldenExamples(golden: Golden, model: OpenedModel): Promise<Example[]> {
  const preparation = preparationOf(model.preparation);
  const examples: Example[] = [];
  for await (const event of readRows(await goldenFiles(golden))) {
    if (event.type === "row") examples.push(await prepareExample(event.row, preparation));
  }
  return examples;
}

/** The rows of the case as shards in `store`. */
export async function goldenDataset(model: OpenedModel, store: Store, files: readonly InputFile[]): Promise<Dataset> {
  const { info } = await prepareDataset(store, { files, label: "golden" }, preparationOf(model.preparation), () => {});
  return (await openDataset(store, info.id))!;
}

/** A of run `from`; B starts at zero. */
export function goldenInit(golden: Golden, from: string): NonNullable<RunOptions["loraInit"]> {
  return (module) => {
    const loraA = golden.tensor(`${from}/init/${module}.lora_A`);
    return loraA && { loraA, loraB: undefined };
  };
}

export interface FinishedRun {
  records: StepRecord[];
  /** Gradients before clipping, by step from 1. */
  gradients: Map<number, ModuleMatrices[]>;
  adapter: ModuleMatrices[];
  firstMoments: ModuleMatrices[];
  secondMoments: ModuleMatrices[];
  live: LiveAdapter;
}

/** Runs training to its end and reads everything back. Gradients are read for the steps in `gradientsOf`. */
export async function runToEnd(
  model: LoadedModel,
  recipe: Recipe,
  options: Partial<RunOptions> & Pick<RunOptions, "dataset"> & { gradientsOf?: number[] },
): Promise<FinishedRun> {
  const { gradientsOf = [], ...given } = options;
  const records: StepRecord[] = [];
  const gradients = new Map<number, ModuleMatrices[]>();
  let live: LiveAdapter | undefined;
  await runTraining({
    model,
    store: memoryStore(),
    recipe,
    runId: "golden",
    control: newControl(),
    resume: false,
    onAdapter: (adapter) => {
      live = adapter;
    },
    onGradients: async (step, adapter) => {
      if (gradientsOf.includes(step)) gradients.set(step, await readAdapter(model.vlm, adapter, adapter.grads));
    },
    ...given,
    onEvent: (event) => {
      if (event.type === "step") records.push(event.record);
      given.onEvent?.(event);
    },
  });
  const { adapter } = live!;
  return {
    records,
    gradients,
    adapter: await readAdapter(model.vlm, adapter),
    firstMoments: await readAdapter(model.vlm, adapter, adapter.firstMoments),
    secondMoments: await readAdapter(model.vlm, adapter, adapter.secondMoments),
    live: live!,
  };
}

/** What must be equal of two equal runs, to the bit. */
export const outcomeOf = ({ adapter, firstMoments, secondMoments }: FinishedRun) => ({
  adapter,
  firstMoments,
  secondMoments,
});

/** The log of a run: a step's time is not its own. */
export const figuresOf = ({ records }: Pick<FinishedRun, "records">) => records.map(({ seconds: _, ...rest }) => rest);

/** SHA-256 of an adapter's names and values. Equal hashes are equal adapters, bit for bit. */
export function hashOf(modules: Pick<ModuleMatrices, "module" | "loraA" | "loraB">[]): string {
  const hash = createHash("sha256");
  for (const { module, loraA, loraB } of modules) hash.update(module).update(loraA).update(loraB);
  return hash.digest("hex");
}

/** Shorthand: the recipe of a golden run with changes. */
export const recipeWith = (golden: Golden, run: string, changes: Record<string, unknown> = {}): Recipe =>
  parseRecipe({ ...goldenRecipe(golden, run), ...changes });

/** A case with its model, and its rows prepared in a store of their own: what `runToEnd` trains by run `run` with these changes. */
export async function openGoldenRun(name: GoldenCase, run: string, changes: Record<string, unknown>) {
  const golden = await openGolden(name);
  const recipe = recipeWith(golden, run, changes);
  const model = await loadGoldenModel(golden, recipe);
  const store = memoryStore();
  return { golden, recipe, model, store, dataset: await goldenDataset(model, store, await goldenFiles(golden)) };
}
