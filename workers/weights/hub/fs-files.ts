/** A model folder on Node, as huggingface_hub downloads it (files may be links into its cache). */
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { TabTuneError } from "../../errors.ts";
import { readerOfFile } from "../../storage/fs-reader.ts";
import { type ModelFiles, missingFile, modelFiles } from "./source.ts";

/** The files under `directory`, hidden ones left out, at most two folders deep. */
export async function filesFromDirectory(directory: string): Promise<ModelFiles> {
  const label = basename(resolve(directory));
  const names: string[] = [];
  async function walk(folder: string, depth: number): Promise<void> {
    for (const entry of await readdir(join(directory, folder))) {
      if (entry.startsWith(".")) continue;
      const name = folder === "" ? entry : `${folder}/${entry}`;
      const found = await stat(join(directory, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined; // a link into a cache that was cleared: reported when it is needed
        throw error;
      });
      if (found?.isDirectory() && depth > 0) await walk(name, depth - 1);
      else if (found?.isFile()) names.push(name);
    }
  }
  try {
    await walk("", 2);
  } catch (error) {
    throw new TabTuneError(
      "missing-file",
      `The model folder ${directory} cannot be read.`,
      "Give the folder of a downloaded model.",
      "",
      { cause: error },
    );
  }
  return modelFiles(label, names, async (name) => {
    const reader = await readerOfFile(join(directory, name));
    if (!reader) throw missingFile(name, label);
    return reader;
  });
}
