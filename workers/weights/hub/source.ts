/** Where a model's files are: behind one small interface, so that the loader does not care whether they were dropped or served. */
import { TabTuneError } from "../../errors.ts";
import type { ByteSource } from "../../storage/byte-source.ts";
import { refuseLfsPointer } from "../../storage/lfs-pointer.ts";
import { type RangeReader, readerOfBlob } from "../../storage/range-reader.ts";

export type { RangeReader } from "../../storage/range-reader.ts";

export interface ModelFiles {
  /** As the user knows the model: the folder's name, the address. */
  label: string;
  /** What the user should know of how the model was found in the place. */
  note?: string;
  /** Of the hub, where it lies there. */
  commit?: string;
  /** Identity of a file's content, where it is known without reading the file. */
  versionOf?: (name: string) => string;
  /** SHA-256 of a file as it was published, where the place it lies at tells one; `forget` drops a kept copy of its beginning. */
  published?: (name: string) => { sha256: string; forget(): Promise<void> } | undefined;
  /** Paths relative to the model folder, with "/", sorted. */
  names(): string[];
  has(name: string): boolean;
  /** Throws TabTuneError "missing-file" when there is none of this name. */
  open(name: string): Promise<RangeReader>;
  /** The whole file as UTF-8. Throws "missing-file" for a Git LFS pointer. */
  readText(name: string): Promise<string>;
  /** The parsed file; throws "not-a-checkpoint" when it is not JSON. */
  readJson(name: string): Promise<unknown>;
}

/** tokenizer.json of large vocabularies is some 20 MB; anything far above is not a text file of a model. */
const maxTextBytes = 128e6;

/** A ModelFiles out of names and a way to open each; `open` is called with names that are there only. */
export function modelFiles(label: string, names: string[], open: (name: string) => Promise<RangeReader>): ModelFiles {
  const known = new Set(names);
  const sorted = [...known].sort();
  const files: ModelFiles = {
    label,
    names: () => [...sorted],
    has: (name) => known.has(name),
    async open(name) {
      if (!known.has(name)) throw missingFile(name, label);
      return open(name);
    },
    async readText(name) {
      const reader = await files.open(name);
      if (reader.size > maxTextBytes) {
        throw new TabTuneError(
          "not-a-checkpoint",
          `${name} in ${label} has ${Math.round(reader.size / 1e6)} MB, too many for a text file.`,
          "Choose the folder as it was downloaded from Hugging Face.",
        );
      }
      await refuseLfsPointer(reader, `${name} in ${label}`);
      return new TextDecoder().decode(await reader.read(0, reader.size));
    },
    async readJson(name) {
      const text = await files.readText(name);
      try {
        return JSON.parse(text) as unknown;
      } catch (error) {
        throw new TabTuneError(
          "not-a-checkpoint",
          `${name} in ${label} is not valid JSON.`,
          "Download this file again.",
          "",
          { cause: error },
        );
      }
    },
  };
  return files;
}

/** The error for a file that a model needs and does not have. */
export function missingFile(name: string, label: string): TabTuneError {
  return new TabTuneError(
    "missing-file",
    `${name} is missing in ${label}.`,
    "Choose the whole folder of the model, with every file that Hugging Face lists for it.",
  );
}

/**
 * A dropped or picked folder. Hidden files and folders (.git, .cache) are left out, and the folders that all others share are
 * taken off the paths; the innermost of those names the model.
 */
export function filesFromBlobs(dropped: { path: string; blob: ByteSource }[]): ModelFiles {
  const visible = dropped
    .map(({ path, blob }) => ({ parts: path.split("/").filter((part) => part !== ""), blob }))
    .filter(({ parts }) => parts.length > 0 && !parts.some((part) => part.startsWith(".")));
  let shared = visible[0]?.parts.slice(0, -1) ?? [];
  for (const { parts } of visible) {
    const folders = parts.slice(0, -1);
    const differs = shared.findIndex((part, i) => folders[i] !== part);
    if (differs >= 0) shared = shared.slice(0, differs);
  }
  const blobs = new Map(visible.map(({ parts, blob }) => [parts.slice(shared.length).join("/"), blob]));
  const label = shared.at(-1) ?? "the chosen folder";
  return modelFiles(label, [...blobs.keys()], async (name) => chosenFile(name, blobs.get(name)!));
}

/** The browser refuses to read a chosen file once it has changed or moved. */
function chosenFile(name: string, blob: ByteSource): RangeReader {
  const reader = readerOfBlob(blob);
  return {
    size: reader.size,
    async read(start, end) {
      try {
        return await reader.read(start, end);
      } catch (error) {
        if (!(error instanceof DOMException)) throw error;
        throw new TabTuneError(
          "missing-file",
          `${name} can no longer be read: it changed or moved since it was chosen.`,
          "Choose the model folder again.",
          "",
          { cause: error },
        );
      }
    },
  };
}
