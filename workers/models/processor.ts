/**
 * What a checkpoint says of its processor, in the files of whichever transformers wrote it: up to version 4 pictures are in
 * preprocessor_config.json, and processor_config.json, where there is one, has the rest; version 5 writes both into the latter.
 */
import type { ModelFiles } from "../weights/hub/source.ts";
import type { LlavaConfig } from "./config.ts";

/**
 * Attributes of the processor that a checkpoint without a full processor_config.json leaves unset, and without which transformers counts
 * image tokens wrongly.
 */
export interface ProcessorFacts {
  patchSize: number;
  featureSelect: "default" | "full";
  additionalImageTokens: number;
}

const pictures = "preprocessor_config.json";
const whole = "processor_config.json";

type Json = Record<string, unknown>;

const readObject = async (files: ModelFiles, name: string): Promise<Json> =>
  files.has(name) ? (((await files.readJson(name)) as Json | null) ?? {}) : {};

/** The image processor's settings as JSON text. Throws TabTuneError "missing-file". */
export async function preprocessorJson(files: ModelFiles): Promise<string> {
  const nested = (await readObject(files, whole)).image_processor;
  return JSON.stringify(nested ?? (await files.readJson(pictures)));
}

/** What transformers has to be told to count image slots, because the checkpoint does not say it; undefined where it does. */
export async function missingProcessorFacts(
  files: ModelFiles,
  { vision, featureSelect }: LlavaConfig,
): Promise<ProcessorFacts | undefined> {
  const said = await readObject(files, whole);
  if (said.patch_size != null && said.vision_feature_select_strategy != null) return undefined;
  // One additional token: CLIP's class token.
  return { patchSize: vision.patchSize, featureSelect, additionalImageTokens: 1 };
}
