/**
 * The full golden cases of the Python stack, for tests that run only where the environment variable TABTUNE_FIXTURES names
 * their folder. Tests only.
 */
import { readFileSync } from "node:fs";
import type { PictureFormat } from "../data/pictures/format.ts";
import { asTheCheckpointSays } from "../models/family.ts";
import { familyOf } from "../models/registry.ts";

/** The folder of golden cases, or undefined. */
export const goldenFolder: string | undefined = process.env.TABTUNE_FIXTURES || undefined;

export const goldenCases = ["llava-gqa", "llava-mha", "llava-next-mistral"] as const;

/** The bytes of a file in the folder of golden cases. */
export function goldenBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(`${goldenFolder}/${path}`));
}

/** A text file in the folder of golden cases. */
export function goldenText(path: string): string {
  return readFileSync(`${goldenFolder}/${path}`, "utf8");
}

export interface GoldenRow {
  index: number;
  file: string;
  kind: string;
  text: string;
  token_ids: number[];
  input_ids: number[];
  labels_all: number[];
  labels_response: number[];
  n_image_tokens: number;
  n_tiles: number;
}

/** The rows of a case's expected.json and the chat template they were rendered with. */
export function goldenExpected(name: string): { rows: GoldenRow[]; template: { kind: string; jinja: string } } {
  return JSON.parse(goldenText(`${name}/expected.json`));
}

/** Reader of one F32 or U8 tensor of a safetensors file. */
export function goldenTensors(path: string): (key: string) => { shape: number[]; data: Float32Array | Uint8Array } {
  const bytes = goldenBytes(path);
  const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)));
  return (key) => {
    const { dtype, shape, data_offsets } = header[key];
    const raw = bytes.slice(8 + headerLength + data_offsets[0], 8 + headerLength + data_offsets[1]);
    return { shape, data: dtype === "F32" ? new Float32Array(raw.buffer) : raw };
  };
}

/** The picture format of a golden case, of its own files. */
export function goldenPictures(name: string): PictureFormat {
  const configJson = JSON.parse(goldenText(`${name}/model/config.json`));
  const processorJson = JSON.parse(goldenText(`${name}/model/preprocessor_config.json`));
  const family = familyOf(configJson);
  return family.pictures({ config: family.parseConfig(configJson), configJson, processorJson, ...asTheCheckpointSays });
}
