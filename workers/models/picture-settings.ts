/** A recipe's settings of pictures on a family: which it obeys, what to tell of the others, and how a model's files say them. */
import { readerOfBlob } from "../storage/range-reader.ts";
import { type ModelFiles, modelFiles } from "../weights/hub/source.ts";
import type { Family, Json, PictureSettings } from "./family.ts";
import { imageProcessorFile } from "./processor.ts";

type Obeying = Pick<Family, "pictureSettings">;

/** The settings beside the cap on tiles that the recipe has and the family obeys: what says nothing is left out, and changes no id. */
export const obeyedSettings = ({ pictureSettings }: Obeying, recipe: PictureSettings): Partial<PictureSettings> =>
  Object.fromEntries(
    (["doImageSplitting", "imageLongestEdge"] as const)
      .filter((key) => recipe[key] !== null && pictureSettings.includes(key))
      .map((key) => [key, recipe[key]]),
  );

/** What the user should know of settings that this model's pictures do not obey. Not to split needs no word where nothing is split. */
export function idleSettings(
  { pictureSettings, modelType }: Pick<Family, "pictureSettings" | "modelType">,
  recipe: PictureSettings,
): string | undefined {
  const names: Record<keyof PictureSettings, string> = {
    maxImageTiles: "max_image_tiles",
    doImageSplitting: "do_image_splitting",
    imageLongestEdge: "image_longest_edge",
  };
  const idle = (Object.keys(names) as (keyof PictureSettings)[])
    .filter((key) => recipe[key] !== null && recipe[key] !== false && !pictureSettings.includes(key))
    .map((key) => names[key]);
  return idle.length > 0
    ? `${idle.join(" and ")} ${idle.length > 1 ? "change" : "changes"} nothing: pictures of ${modelType} have no such setting.`
    : undefined;
}

/**
 * The files of a model with what training obeyed written into its image processor's, so that whoever loads them cuts pictures in the
 * same way; the files themselves where nothing differs.
 */
export async function filesWithSettings(
  files: ModelFiles,
  family: Obeying,
  settings: PictureSettings,
): Promise<ModelFiles> {
  const { doImageSplitting, imageLongestEdge } = obeyedSettings(family, settings);
  const changes: Json = {
    ...(doImageSplitting == null ? {} : { do_image_splitting: doImageSplitting }),
    ...(imageLongestEdge == null ? {} : { do_resize: true, size: { longest_edge: imageLongestEdge } }),
  };
  if (Object.keys(changes).length === 0) return files;
  const { name, json, nested } = await imageProcessorFile(files);
  const changed = nested ? { ...json, image_processor: { ...nested, ...changes } } : { ...json, ...changes };
  const blob = new Blob([`${JSON.stringify(changed, null, 2)}\n`]);
  return modelFiles(files.label, files.names(), async (file) =>
    file === name ? readerOfBlob(blob) : files.open(file),
  );
}
