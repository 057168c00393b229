/** What commands share: a recipe file, a model folder, data on disk, a GPU, files that appear whole or not at all. */
import { openAsBlob } from "node:fs";
import { readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { InputFile } from "../data/rows/read-rows.ts";
import { isPictureName } from "../data/rows/sidecar.ts";
import { TabTuneError } from "../errors.ts";
import { openNodeGpu } from "../gpu/node.ts";
import { type LoadedModel, loadModel, type OpenedModel, openModel } from "../models/open.ts";
import { parseRecipe, type Recipe, readRecipe } from "../recipe.ts";
import { openFsCache } from "../storage/fs-cache.ts";
import { makeDirectory } from "../storage/fs-directory.ts";
import { onModel } from "../training/plan.ts";
import { filesFromDirectory } from "../weights/hub/fs-files.ts";
import type { Arguments } from "./arguments.ts";
import { asPart } from "./interrupt.ts";
import { terminal } from "./terminal.ts";

/** TABTUNE_CACHE, else the user's own cache folder. */
export const cacheFolder = (): string =>
  process.env.TABTUNE_CACHE ?? path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "tabtune");

/** A row that is left out, on stderr; faults of its picture or text begin with its place themselves. */
export function skipped(source: string, message: string): void {
  terminal.tell(`skipped ${message.startsWith(source) ? "" : `${source}: `}${message}`);
}

/** What the user should know, on stderr. */
export function note(text: string): void {
  terminal.tell(`note: ${text}`);
}

/** The recipe of a file; the defaults without one. */
export async function recipeIn(file: string | undefined): Promise<Recipe> {
  if (file === undefined) return parseRecipe({});
  return readRecipe(await readText(file, "the recipe"));
}

export async function readBytes(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new TabTuneError("missing-file", `${file} cannot be read.`, `Give the path of ${what}.`, "", { cause });
  }
}

/** A file of text, without the mark of UTF-8 that Windows puts in front. */
export async function readText(file: string, what: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(file, what));
}

/** The folder of `--model`, opened, and the recipe on it: that of `--recipe`, or the defaults. */
export async function openedModel(args: Arguments): Promise<{ model: OpenedModel; recipe: Recipe }> {
  const given = await recipeIn(args.maybe("recipe"));
  const model = await openModel(await filesFromDirectory(args.text("model")), given);
  model.fileNotes.forEach(note);
  return { model, recipe: onModel(model, given).recipe };
}

/** The same on the GPU. */
export async function loadedModel(args: Arguments): Promise<{ model: LoadedModel; recipe: Recipe }> {
  const { model: opened, recipe } = await openedModel(args);
  const gpu = await openNodeGpu();
  // As the page keeps prepared weights between visits, where a folder for them is named.
  const cache = process.env.TABTUNE_CACHE ? await openFsCache(process.env.TABTUNE_CACHE) : undefined;
  const percent = (value: number): string => `${Math.round(value)} %`;
  const model = await loadModel(gpu, opened, cache, ({ fraction }) =>
    terminal.show("Loading the model", { done: 100 * fraction, total: 100, as: percent }),
  );
  if (model.cacheNote) terminal.tell(model.cacheNote);
  return { model, recipe };
}

interface FileOnDisk extends InputFile {
  blob: Blob;
}

/** A file or folder as the page would get it dropped. Hidden files are left out. */
export async function dataFiles(target: string): Promise<{ files: FileOnDisk[]; label: string }> {
  const facts = await stat(target).catch((cause) => {
    throw new TabTuneError("missing-file", `${target} does not exist.`, "Give the path of a data file or folder.", "", {
      cause,
    });
  });
  const label = path.basename(path.resolve(target));
  if (!facts.isDirectory()) {
    // Pictures beside a single table are part of the drop: the table names them relative to itself.
    if (!/\.(jsonl|ndjson|json|csv|tsv)$/i.test(target)) return { files: [await inputFile(label, target)], label };
    const around = (await walk(path.dirname(target), "")).filter((f) => isPictureName(f.path) || f.path === label);
    return { files: around.map((f) => (f.path === label ? f : { ...f, beside: true })), label };
  }
  return { files: await walk(target, ""), label };
}

/** A blob of a file on disk does not know its age. */
async function inputFile(name: string, file: string): Promise<FileOnDisk> {
  const { mtimeMs } = await stat(file);
  return { path: name, blob: await openAsBlob(file), lastModified: mtimeMs };
}

async function walk(root: string, prefix: string): Promise<FileOnDisk[]> {
  const out: FileOnDisk[] = [];
  for (const entry of await readdir(path.join(root, prefix), { withFileTypes: true })) {
    if (entry.name.startsWith(".")) continue;
    const relative = prefix ? `${prefix}/${entry.name}` : entry.name;
    if (entry.isDirectory()) out.push(...(await walk(root, relative)));
    else if (entry.isFile()) out.push(await inputFile(relative, path.join(root, relative)));
  }
  return out;
}

/** Writes under another name first: a command that fails leaves no partial output. */
export async function writeWhole(file: string, data: Uint8Array | string): Promise<void> {
  await makeDirectory(path.dirname(path.resolve(file)));
  const part = `${file}.${process.pid}.part`;
  try {
    await asPart(part, async () => {
      await writeFile(part, data);
      await rename(part, file);
    });
  } catch (cause) {
    throw new TabTuneError("storage-full", `${file} cannot be written.`, "Check the path and the free space.", "", {
      cause,
    });
  }
}
