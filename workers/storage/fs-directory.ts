/** Folders on disk. Node's `mkdir(…, { recursive: true })` never returns where a file system answers ENOENT to a new folder (/proc). */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { TabTuneError } from "../errors.ts";

/** Creates `directory` and those above it that are missing. Throws TabTuneError "storage-full" naming it. */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await make(path.resolve(directory));
  } catch (cause) {
    throw new TabTuneError("storage-full", `The folder ${directory} cannot be made.`, "Choose another path.", "", {
      cause,
    });
  }
}

async function make(directory: string): Promise<void> {
  const code = await mkdir(directory).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? "",
  );
  if (code === undefined || code === "EEXIST") return;
  const parent = path.dirname(directory);
  if (code === "ENOENT" && parent !== directory) await make(parent);
  await mkdir(directory);
}
