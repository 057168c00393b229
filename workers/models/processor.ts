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

/** The file with the image processor's settings, and where they are `nested` in it. Throws TabTuneError "missing-file". */
export async function imageProcessorFile(
  files: ModelFiles,
): Promise<{ name: string; json: Json; nested: Json | undefined }> {
  const json = await readObject(files, whole);
  if (json.image_processor) return { name: whole, json, nested: json.image_processor as Json };
  return { name: pictures, json: (await files.readJson(pictures)) as Json, nested: undefined };
}

/** The image processor's settings as JSON text. Throws TabTuneError "missing-file". */
export async function imageProcessorJson(files: ModelFiles): Promise<string> {
  const { json, nested } = await imageProcessorFile(files);
  return JSON.stringify(nested ?? json);
}

/** What transformers has to be told to count image slots, because the checkpoint does not say it; undefined where it does. */
export const missingAttributes = async (
  files: ModelFiles,
  family: Pick<Family, "missingAttributes">,
  config: VlmConfig,
): Promise<ProcessorAttributes | undefined> => family.missingAttributes(await readObject(files, whole), config);
