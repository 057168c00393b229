/** A gzip file unpacked as a whole, by the platform: nothing in it can be reached before what stands in front of it. */
import { TabTuneError } from "../../errors.ts";
import type { ByteSource } from "../../storage/byte-source.ts";
import { type ArchiveBudget, type DatasetLimits, formatBytes } from "./limits.ts";
import { wordsOf } from "./problem.ts";

/** Files up to this size may have any ratio. */
const RATIO_FLOOR = 16 * 2 ** 20;

/**
 * The unpacked bytes, taken from the budget. Throws TabTuneError "bad-dataset" as soon as they pass a limit, and for what is no gzip file or
 * ends too early.
 */
export async function gunzip(
  path: string,
  blob: ByteSource,
  limits: DatasetLimits,
  budget: ArchiveBudget,
): Promise<Blob> {
  const ratio = Math.max(RATIO_FLOOR, limits.ratio * blob.size);
  const most = Math.min(limits.gzipBytes, budget.unpackedBytes, ratio);
  let length = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      length += chunk.length;
      if (length > most) throw tooLarge(path, most);
      controller.enqueue(chunk);
    },
  });
  try {
    const unpacked = blob.stream().pipeThrough(new DecompressionStream("gzip")).pipeThrough(counted);
    const whole = await new Response(unpacked).blob();
    budget.unpackedBytes -= length;
    return whole;
  } catch (error) {
    if (length > most) throw tooLarge(path, most);
    throw new TabTuneError(
      "bad-dataset",
      `${path} cannot be unpacked: ${wordsOf(error).replace(/\.$/, "")}.`,
      "Check that the file is complete, or drop the unpacked folder.",
      "",
      { cause: error },
    );
  }
}

function tooLarge(path: string, most: number): TabTuneError {
  return new TabTuneError(
    "bad-dataset",
    `${path} would unpack to more than ${formatBytes(most)}.`,
    "Drop the unpacked folder, or the unpacked .tar, which is read in parts.",
  );
}
