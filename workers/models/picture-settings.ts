/** A recipe's settings of pictures on a family: which it obeys, what to tell of the others, and how a model's files say them. */
import { USUAL_MAX_PIXELS } from "../recipe.ts";
import { readerOfBlob } from "../storage/range-reader.ts";
import { type ModelFiles, modelFiles } from "../weights/hub/source.ts";
import { type Family, type Json, type PictureSettings, pictureSettingsOf } from "./family.ts";
import { imageProcessorFile } from "./processor.ts";
import { familyOf } from "./registry.ts";

type Obeying = Pick<Family, "pictureSettings">;

/** The settings beside the cap on tiles that the recipe has and the family obeys: what says nothing is left out, and changes no id. */
export const obeyedSettings = ({ pictureSettings }: Obeying, recipe: PictureSettings): Partial<PictureSettings> =>
  Object.fromEntries(
    (["doImageSplitting", "imageLongestEdge", "minPixels", "maxPixels"] as const)
      .filter((key) => recipe[key] !== null && pictureSettings.includes(key))
      .map((key) => [key, recipe[key]]),
  );

/**
 * What the user should know of settings that this model's pictures do not obey. Not to split needs no word where nothing is split, and
 * neither does the page's own cap on pixels, which nobody has set.
 */
export function idleSettings(
  { pictureSettings, modelType }: Pick<Family, "pictureSettings" | "modelType">,
  recipe: PictureSettings,
): string | undefined {
  const names: Record<keyof PictureSettings, string> = {
    maxImageTiles: "max_image_tiles",
    doImageSplitting: "do_image_splitting",
    imageLongestEdge: "image_longest_edge",
    minPixels: "min_pixels",
    maxPixels: "max_pixels",
  };
  const isSaid = (key: keyof PictureSettings): boolean =>
    recipe[key] !== null && recipe[key] !== false && !(key === "maxPixels" && recipe[key] === USUAL_MAX_PIXELS);
  const idle = (Object.keys(names) as (keyof PictureSettings)[])
    .filter((key) => isSaid(key) && !pictureSettings.includes(key))
    .map((key) => names[key]);
  return idle.length > 0
    ? `${idle.join(" and ")} ${idle.length > 1 ? "change" : "changes"} nothing: pictures of ${modelType} have no such setting.`
    : undefined;
}

/**
 * The files of a model that say how training cut pictures, so that whoever loads them does the same: changed keys in its image processor's
 * file and in config.json; the files themselves where nothing differs. `note`: what cannot be said there.
 */
export async function filesWithSettings(
  files: ModelFiles,
  settings: PictureSettings,
): Promise<{ files: ModelFiles; note?: string }> {
  const configJson = (await files.readJson("config.json")) as Json;
  const family = familyOf(configJson);
  const { name, json, nested } = await imageProcessorFile(files);
  const { processor, config, note } = family.writtenSettings({
    ...{ config: family.parseConfig(configJson), configJson, processorJson: nested ?? json },
    ...pictureSettingsOf(settings),
  });
  const changed = new Map<string, Json>();
  if (Object.keys(config).length > 0) changed.set("config.json", { ...configJson, ...config });
  if (Object.keys(processor).length > 0)
    changed.set(name, nested ? { ...json, image_processor: { ...nested, ...processor } } : { ...json, ...processor });
  if (changed.size === 0) return { files, ...(note ? { note } : {}) };
  const open: ModelFiles["open"] = async (file) => {
    const content = changed.get(file);
    return content ? readerOfBlob(new Blob([`${JSON.stringify(content, null, 2)}\n`])) : files.open(file);
  };
  return { files: modelFiles(files.label, files.names(), open), ...(note ? { note } : {}) };
}
