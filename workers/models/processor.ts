/**
 * What a checkpoint says of its processor, in the files of whichever transformers wrote it: up to version 4 pictures are in
 * preprocessor_config.json, and processor_config.json, where there is one, has the rest; version 5 writes both into the latter.
 */
import type { ModelFiles } from "../weights/hub/source.ts";
import type { VlmConfig } from "./config.ts";
import type { Family, Json, ProcessorAttributes } from "./family.ts";

const pictures = "preprocessor_config.json";
const whole = "processor_config.json";

const readObject = async (files: ModelFiles, name: string): Promise<Json> =>
  files.has(name) ? (((await files.readJson(name)) as Json | null) ?? {}) : {};

/** The image processor's settings as JSON text. Throws TabTuneError "missing-file". */
export async function imageProcessorJson(files: ModelFiles): Promise<string> {
  const nested = (await readObject(files, whole)).image_processor;
  return JSON.stringify(nested ?? (await files.readJson(pictures)));
}

/** What transformers has to be told to count image slots, because the checkpoint does not say it; undefined where it does. */
export const missingAttributes = async (
  files: ModelFiles,
  family: Pick<Family, "missingAttributes">,
  config: VlmConfig,
): Promise<ProcessorAttributes | undefined> => family.missingAttributes(await readObject(files, whole), config);
