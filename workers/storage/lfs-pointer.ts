/** Git LFS pointers: what a clone without git-lfs has in the place of a large file (git-lfs: docs/spec.md). */
import { TabTuneError } from "../errors.ts";
import type { RangeReader } from "./range-reader.ts";

/** A pointer is shorter than this. */
const maxPointerBytes = 1024;
const start = "version https://git-lfs.github.com/spec/";

/** Throws TabTuneError "missing-file" where `reader` has a pointer in the place of the file `name`. */
export async function refuseLfsPointer(reader: RangeReader, name: string): Promise<void> {
  if (reader.size < start.length || reader.size >= maxPointerBytes) return;
  const text = new TextDecoder().decode(await reader.read(0, reader.size));
  if (!text.startsWith(start)) return;
  const size = /^size (\d+)$/m.exec(text)?.[1];
  throw new TabTuneError(
    "missing-file",
    `${name} is a Git LFS pointer of ${reader.size} bytes, not the file itself${size ? `, which has ${size} bytes` : ""}.`,
    "Fetch it by “git lfs install” and “git lfs pull” in the cloned folder, or download it from the repository's page.",
  );
}
