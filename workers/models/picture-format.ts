/** What crosses a worker's border of how pictures are prepared for a model, and the object that prepares them. */
import type { PictureFormat } from "../data/pictures/format.ts";
import { type GivenSettings, pictureSettingsOf } from "./family.ts";
import { familyOf, parseConfig } from "./registry.ts";

/** Everything that a picture's pixels and slots depend on, as plain data. */
export interface PictureSpec extends GivenSettings {
  /** Text of config.json, and of the image processor's settings. */
  configJson: string;
  processorJson: string;
}

/** The pictures' part of a larger spec: what a thread that prepares them is sent. */
export function pictureSpecOf(spec: PictureSpec): PictureSpec {
  const { configJson, processorJson } = spec;
  return { configJson, processorJson, ...pictureSettingsOf(spec) };
}

/** Throws TabTuneError "unsupported-model". */
export function pictureFormatOf(spec: PictureSpec): PictureFormat {
  const configJson = JSON.parse(spec.configJson);
  return familyOf(configJson).pictures({
    config: parseConfig(configJson),
    configJson,
    processorJson: JSON.parse(spec.processorJson),
    ...pictureSettingsOf(spec),
  });
}
