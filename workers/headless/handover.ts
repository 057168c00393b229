/** `handover`: a run as a folder for a GPU server. No GPU is needed here. */
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { recipeKeysOf } from "../adapter/placed.ts";
import { noChanges } from "../data/index/changes.ts";
import { openIndex } from "../data/index/row-index.ts";
import { openDataset } from "../data/shards/dataset.ts";
import { prepareDataset } from "../data/shards/prepare-dataset.ts";
import { rowsOfIndex } from "../data/shards/supply.ts";
import { TabTuneError } from "../errors.ts";
import { firstBeginning, savedBeginning } from "../handover/beginning.ts";
import { dataFile, handedFolder } from "../handover/folder.ts";
import type { Beginning, HandedFile } from "../handover/handed.ts";
import { namedData, namedRows } from "../handover/named-pictures.ts";
import { rowsFiles } from "../handover/rows-file.ts";
import { dryRun } from "../handover/scale.ts";
import { HUB, hubAddress } from "../hub/address.ts";
import { parseRepo } from "../hub/repo-name.ts";
import { type OpenedModel, openModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import type { Recipe } from "../recipe.ts";
import { openFsStore } from "../storage/fs.ts";
import { openFsCache } from "../storage/fs-cache.ts";
import { makeDirectory } from "../storage/fs-directory.ts";
import { insidePath } from "../storage/inside-path.ts";
import { orStorageFull, type Store } from "../storage/store.ts";
import { loraSettings, onModel } from "../training/plan.ts";
import { readLineage } from "../training/saved/lineage.ts";
import { readRunInfo, savedRun } from "../training/saved/runs.ts";
import { notesOnSameRun } from "../training/saved/same-run.ts";
import { markOfWeights, storedMark } from "../training/saved/weights-mark.ts";
import { filesFromDirectory } from "../weights/hub/fs-files.ts";
import { openHub } from "../weights/hub/hub.ts";
import type { ModelFiles } from "../weights/hub/source.ts";
import { counted } from "../words.ts";
import { startOf, withKeys } from "./adapter.ts";
import type { Arguments } from "./arguments.ts";
import { dataOf } from "./data.ts";
import { intoNewFolder, refuseTaken } from "./new-folder.ts";
import { cacheFolder, note, recipeIn, skipped } from "./open.ts";
import { openPictureThreads } from "./picture-threads.ts";
import { RUN } from "./train.ts";

/** A folder on this disk, or a model of the hub: of that, small files and the heads of its weights are read. */
async function filesOf(given: string): Promise<ModelFiles> {
  const here = await stat(given).catch(() => undefined);
  if (here) return filesFromDirectory(given);
  const endpoint = hubAddress(process.env.HF_ENDPOINT || HUB);
  let name: ReturnType<typeof parseRepo>;
  try {
    name = parseRepo(given, endpoint);
  } catch (cause) {
    throw new TabTuneError(
      "missing-file",
      `${given} is neither a folder nor the name of a model on the hub.`,
      "Give the folder of a downloaded model, or a name as owner/model.",
      "",
      { cause },
    );
  }
  const http = {
    fetchFile: fetch,
    token: process.env.HF_TOKEN?.trim() ?? "",
    settings: { token: "in HF_TOKEN", address: "in HF_ENDPOINT" },
  };
  note(`${name.repo} is looked up at ${endpoint}: its small files and the heads of its weight files are read.`);
  return openHub({ ...name, endpoint }, await openFsCache(path.join(cacheFolder(), "hub-models")), http);
}

interface Continued {
  store: Store;
  beginning: Beginning;
  recipe: Recipe;
}

/** A run that `train` wrote, from its newest checkpoint on. */
async function continued(folder: string, model: OpenedModel, given: Recipe): Promise<Continued> {
  const missing = () =>
    new TabTuneError(
      "bad-checkpoint",
      `${folder} has no run to go on with.`,
      "Give the --out folder of train, or leave out --run.",
    );
  const checkpoints = path.join(folder, "checkpoints");
  if (!(await stat(checkpoints).catch(() => undefined))) throw missing();
  const store = await openFsStore(checkpoints);
  if (!(await readRunInfo(store, RUN))) throw missing();
  const { origin } = await readLineage(store, RUN);
  const recipe = origin ? withKeys(given, recipeKeysOf(loraSettings((await savedRun(store, RUN)).recipe))) : given;
  return { store, beginning: await savedBeginning({ store, runId: RUN }, model, recipe), recipe };
}

export async function handover(args: Arguments): Promise<void> {
  const dry = args.flag("dry-run");
  const given = args.maybe("out");
  if (!dry && given === undefined)
    throw new TabTuneError("bad-argument", "--out is missing.", "Give a folder that is not there yet, or --dry-run.");
  const out = dry || given === undefined ? undefined : path.resolve(given);
  const [from, run] = [args.maybe("adapter"), args.maybe("run")];
  if (from !== undefined && run !== undefined)
    throw new TabTuneError("bad-argument", "--adapter and --run both say what to begin with.", "Give one of them.");
  const ranks = (args.maybe("ranks") ?? (dry ? "1" : "")).split(",").filter(Boolean).map(ranksOf);
  if (out) await refuseTaken(out);
  const asked = await recipeIn(args.text("recipe"));
  const files = await filesOf(args.text("model"));
  const model = await openModel(files, asked);
  [...model.fileNotes, ...model.notes].forEach(note);
  const onIt = onModel(model, asked).recipe;
  const goesOn = run === undefined ? undefined : await continued(run, model, onIt);
  const begun = from === undefined ? undefined : await startOf(model, onIt, from);
  const recipe = goesOn?.recipe ?? begun?.recipe ?? onIt;
  const drop = await dataOf(args);
  const named = args.flag("pictures-by-name") ? drop.set : undefined;
  if (args.flag("pictures-by-name") && !named)
    throw new TabTuneError(
      "bad-argument",
      "--pictures-by-name is for data of a hub, and these files have no name there.",
      "Give --data hub:OWNER/NAME, or leave it out: then pictures come along as bytes.",
    );
  const scratch = await mkdtemp(path.join(os.tmpdir(), "tabtune-"));
  const pictures = openPictureThreads(model.preparation);
  try {
    const store = await openFsStore(scratch);
    const { info, supply } = await prepareDataset(store, drop, preparationOf(model.preparation), () => {}, {
      pictures,
    });
    for (const row of info.skipped) skipped(row.source, row.message);
    info.notes.forEach(note);
    const dataset = (await openDataset(store, info.id, supply && ((rows) => supply.prepare(rows))))!;
    if (goesOn) {
      const saved = (await readRunInfo(goesOn.store, RUN))!;
      const own = await openDataset(goesOn.store, saved.datasetId);
      const weights = { own: await storedMark(goesOn.store, RUN), now: await markOfWeights(model.checkpoint) };
      const offered = { modelId: model.id, modelLabel: files.label, weights, recipe, dataset: dataset.manifest };
      notesOnSameRun(saved, own?.manifest, offered).forEach(note);
    }
    const folder = await handedFolder({
      ...{ model, revision: files.commit, recipe, dataset, datasetLabel: drop.label, named },
      beginning: goesOn?.beginning ?? (await firstBeginning(model, recipe, begun?.start)),
      separation: { store: goesOn?.store ?? store, runId: RUN, resume: goesOn !== undefined },
    });
    folder.notes.forEach(note);
    const { steps, trainable } = folder;
    const lines = ranks.map((n) => dryRun(recipe, { steps, trainable }, n));
    if (!out) {
      process.stdout.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      return;
    }
    lines.map(ranksWords).forEach(note);
    const index = rowsOfIndex(openIndex(store, info.id, dataset.manifest.index!), drop.files);
    const tell = { onRow: () => {}, onFault: skipped, changes: noChanges };
    await intoNewFolder(out, async (part) => {
      const write = async (files: AsyncIterable<HandedFile | { path: string; data: Blob }>): Promise<void> => {
        for await (const { path: name, data } of files) await written(path.join(part, insidePath(name)), data);
      };
      await write(folder.files);
      const rowsOf = (base: string, positions: number[]) =>
        named ? namedRows(base, index, positions, namedData(named)) : rowsFiles(base, index, positions, tell);
      await write(rowsOf(dataFile.training, folder.training));
      if (folder.heldOut.length > 0) await write(rowsOf(dataFile.heldOut, folder.heldOut));
    });
  } finally {
    pictures.dispose();
    await rm(scratch, { recursive: true, force: true });
  }
}

function ranksOf(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new TabTuneError("bad-argument", `--ranks is "${text}".`, "Give numbers of processes, as 1,8,64.");
}

function ranksWords({
  ranks,
  rows_per_rank: [fewest, most],
  micro_batches,
  micro_batch,
  empty_places,
}: ReturnType<typeof dryRun>): string {
  const rows = fewest === most ? `${most}` : `${fewest} to ${most}`;
  return `on ${counted(ranks, "process", "processes")}: ${rows} rows of a step on each, ${counted(micro_batches, "micro-batch", "micro-batches")} of ${micro_batch}, ${counted(empty_places, "place")} empty.`;
}

async function written(file: string, data: Uint8Array | string | Blob): Promise<void> {
  await makeDirectory(path.dirname(file));
  await orStorageFull(file, async () => {
    if (data instanceof Blob) await pipeline(Readable.fromWeb(data.stream() as never), createWriteStream(file));
    else await writeFile(file, data);
  });
}
