/**
 * A run as a folder for a GPU server: everything that `python/train.py` reads, but for the rows themselves, which whoever has their files
 * writes beside it (`dataFile`). Knows no disk: the page makes a zip of the same files.
 */
import { CONFIG_FILE, WEIGHTS_FILE } from "../adapter/file-names.ts";
import { exportPeft, momentEntries, withoutZeros } from "../adapter/peft-export.ts";
import { hasPart, partPath } from "../adapter/peft-names.ts";
import { usableRows } from "../data/batches/usable-rows.ts";
import type { HubDataSet } from "../data/hub/look-up.ts";
import type { Dataset } from "../data/shards/dataset.ts";
import { templateTokens } from "../data/text/tokenizer.ts";
import { TabTuneError } from "../errors.ts";
import type { Moments } from "../models/adapter-slabs.ts";
import { CONNECTOR, DECODER, DEEPSTACK, type NameScheme, TOWER } from "../models/names.ts";
import type { OpenedModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import { type Recipe, toHuggingFace, totalSteps } from "../recipe.ts";
import type { Store } from "../storage/store.ts";
import { separateRows } from "../training/held-out.ts";
import { writeSafetensors } from "../weights/formats/safetensors.ts";
import type { Beginning, HandedFile, HandoverFacts } from "./handed.ts";
import { serverNotes } from "./honoured.ts";
import { downloadWords, namedData, placesFile } from "./named-pictures.ts";
import { notebook } from "./notebook.ts";
import { orderFile, writtenOrder } from "./order.ts";
import { modelInside, processorFiles } from "./processor-files.ts";
import fsdp from "./python/accelerate/fsdp-qlora.yaml?raw";
import oneGpu from "./python/accelerate/one-gpu.yaml?raw";
import ddp from "./python/accelerate/several-gpus.yaml?raw";
import zero3 from "./python/accelerate/zero3.yaml?raw";
import requirements from "./python/requirements.txt?raw";
import rowsPy from "./python/rows.py?raw";
import slurm from "./python/slurm.sh?raw";
import trainPy from "./python/train.py?raw";
import { readme } from "./readme.ts";

/** Where the rows go, each followed by a number (`rowsFiles`), in the schema of `parquetDataSet`. */
export const dataFile = { training: "data/train", heldOut: "data/validation" } as const;

export interface HandedRun {
  model: OpenedModel;
  /** The model's commit on the hub; undefined for one of a folder. */
  revision: string | undefined;
  recipe: Recipe;
  beginning: Beginning;
  /** The rows as they are now, and where the record of those that are held out lies. */
  dataset: Dataset;
  separation: { store: Store; runId: string; resume: boolean };
  datasetLabel: string;
  /** The data set of a hub in which the rows' pictures stay; undefined: they come along. */
  named?: HubDataSet | undefined;
}

export interface HandedFolder {
  /** Small ones first; the model's own, where it is small enough to come along, are read when they are asked for. */
  files: AsyncGenerator<HandedFile>;
  /** Positions, in the index, of the rows of either file, in its order. */
  training: number[];
  heldOut: number[];
  /** Of the whole run, and parameters that learn. */
  steps: number;
  trainable: number;
  /** What to tell, a sentence each. */
  notes: string[];
}

/** Throws as `separateRows`, `usableRows`, `serverNotes`, `writtenOrder` and `exportPeft` do, before any file is there. */
export async function handedFolder(run: HandedRun): Promise<HandedFolder> {
  const { model, recipe, beginning, dataset, separation } = run;
  const moments = recipe.optim === "adamw_torch" ? beginning.moments : undefined;
  const notes = serverNotes(recipe, { goesOn: beginning.step > 0 });
  const { training, heldOut, words } = await separateRows(separation, dataset, recipe);
  if (words) notes.push(words);
  if (run.named) notes.push(downloadWords(run.named));
  const usable = await usableRows(training, recipe, model.config.imageTokenId);
  const { length: rows } = usable.rows;
  const left = training.rows - rows;
  if (left > 0) notes.push(`${left} of ${training.rows} rows do not fit into max_length, and do not come along.`);
  const steps = totalSteps(recipe, rows);
  if (steps <= beginning.step) {
    throw new TabTuneError(
      "bad-argument",
      `The run has made ${beginning.step} of ${steps} steps: there is none to go on with.`,
      "Raise max_steps, or begin a new run with its adapter.",
      "The run stays as it is.",
    );
  }
  const order = writtenOrder(
    { rows, order: recipe.dataOrder, seed: recipe.seed, shardSizes: usable.shardSizes },
    recipe,
    { position: beginning.position, steps: steps - beginning.step },
  );
  const processor = await processorFiles(model, recipe);
  notes.push(...processor.notes);
  const { weights, config } = exportPeft(beginning.modules, adapterSettings(run), beginning.trained);
  // What the hub has is fetched from there.
  const inside = run.revision === undefined && (await modelInside(model.files));
  const facts = factsOf(run, { rows, heldOut: heldOut?.rows.rows ?? 0, steps, window: order.window, inside });
  const about = { ...facts, datasetLabel: run.datasetLabel, moments: moments !== undefined, recipe, notes };
  const files: HandedFile[] = [
    { path: "README.md", data: readme(about) },
    { path: "train.py", data: trainPy },
    { path: "rows.py", data: rowsPy },
    { path: "recipe.json", data: json(toHuggingFace(recipe)) },
    { path: "handover.json", data: json(facts) },
    { path: "requirements.txt", data: requirements },
    { path: "accelerate/one-gpu.yaml", data: oneGpu },
    { path: "accelerate/several-gpus.yaml", data: ddp },
    { path: "accelerate/fsdp-qlora.yaml", data: fsdp },
    { path: "accelerate/zero3.yaml", data: zero3 },
    { path: "slurm.sh", data: slurm },
    { path: "notebook.ipynb", data: notebook(about) },
    { path: `adapter/${WEIGHTS_FILE}`, data: weights },
    { path: `adapter/${CONFIG_FILE}`, data: config },
    ...(moments ? [{ path: "optimizer.safetensors", data: momentsFile(beginning, model.config.names) }] : []),
    { path: "data/order.parquet", data: orderFile(order.rows) },
    ...processor.files,
  ];
  return {
    files: withModel(files, inside ? model : undefined),
    training: usable.rows.map((i) => training.positionOf(i)),
    heldOut: heldOut ? Array.from({ length: heldOut.rows.rows }, (_, i) => heldOut.rows.positionOf(i)) : [],
    steps,
    trainable: trainableOf(beginning),
    notes,
  };
}

function trainableOf({ modules, trained }: Beginning): number {
  const lora = modules.reduce((sum, { loraA, loraB }) => sum + loraA.length + loraB.length, 0);
  return trained.reduce((sum, { values }) => sum + values.length, lora);
}

async function* withModel(files: HandedFile[], model: OpenedModel | undefined): AsyncGenerator<HandedFile> {
  yield* files;
  for (const name of model?.files.names() ?? []) {
    const reader = await model!.files.open(name);
    yield { path: `model/${name}`, data: await reader.read(0, reader.size) };
  }
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const adapterSettings = ({ model, recipe }: HandedRun) => ({
  names: model.config.names,
  baseModel: model.files.label,
  alpha: recipe.loraAlpha,
  dropout: recipe.loraDropout,
  useRslora: recipe.useRslora,
});

/** Both moments of what is in the adapter's file, under its names, as `train --dump` writes them. */
function momentsFile({ modules, moments }: Beginning, names: NameScheme): Uint8Array {
  const kept = new Set(withoutZeros(modules).map(({ module }) => module));
  const entries = (of: Moments, suffix: string) =>
    momentEntries({ ...of, modules: of.modules.filter(({ module }) => kept.has(module)) }, suffix, names);
  return writeSafetensors([...entries(moments!.first, "exp_avg"), ...entries(moments!.second, "exp_avg_sq")]);
}

type Counts = { rows: number; heldOut: number; steps: number; window: number; inside: boolean };

/** handover.json: what train.py has to know beside the recipe. */
function factsOf(
  { model, revision, recipe, beginning, named }: HandedRun,
  { rows, heldOut, steps, window, inside }: Counts,
): HandoverFacts {
  const { config, family, files, inference, preparation } = model;
  const { tokenizer } = preparationOf(preparation);
  const { bosToken, eosToken, endTokens } = templateTokens(tokenizer);
  const { bosId, imageTokenId, padId, endIds } = tokenizer;
  return {
    format: 1,
    model: {
      name: files.label.split("@")[0]!,
      revision: revision ?? null,
      inside,
      class: family.modelClass,
      config: inference.pictures.config,
      skip_modules: skippedModules(recipe, config.names),
    },
    data: {
      train: `${dataFile.training}-*.parquet`,
      ...(heldOut > 0 ? { validation: `${dataFile.heldOut}-*.parquet` } : {}),
      ...(named
        ? {
            pictures: {
              ...namedData(named),
              train: placesFile(dataFile.training),
              ...(heldOut > 0 ? { validation: placesFile(dataFile.heldOut) } : {}),
            },
          }
        : {}),
    },
    rows,
    held_out: heldOut,
    steps,
    start: { step: beginning.step, window },
    text: {
      takes_parts: inference.prompting.takesParts,
      bos_token: bosToken,
      eos_token: eosToken,
      end_tokens: endTokens,
      never: [...new Set([bosId, imageTokenId, ...(endIds.includes(padId) ? [] : [padId])])].filter((id) => id >= 0),
    },
  };
}

/** Modules that stay as they are where others go to 4 bits. */
function skippedModules({ quantizeModules }: Recipe, names: OpenedModel["config"]["names"]): string[] {
  const connectors = [CONNECTOR, DEEPSTACK].filter((neutral) => hasPart(neutral, names));
  const parts = { vision_tower: [TOWER], multi_modal_projector: connectors, language_model: [DECODER] };
  const skipped = (Object.keys(parts) as (keyof typeof parts)[])
    .filter((part) => !quantizeModules.includes(part))
    .flatMap((part) => parts[part].map((neutral) => partPath(neutral, names)));
  return ["lm_head", ...skipped];
}
