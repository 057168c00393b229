/** Fields of a config.json, read with a refusal that names the field. Each family reads its file with one of these. */
import { TabTuneError } from "../errors.ts";
import type { GeluKind } from "../kernels/activation/gelu.ts";
import type { Json } from "./family.ts";

export interface ConfigReader {
  /** Throws TabTuneError "unsupported-model": what of config.json cannot be run. */
  refuse(what: string): never;
  number(json: Json, key: string, fallback?: number): number;
  /** A whole number above 0. */
  positive(json: Json, key: string, fallback?: number): number;
  /** An activation by transformers' name; `where` says whose it is. */
  gelu(value: unknown, fallback: GeluKind, where: string): GeluKind;
  /** `image_grid_pinpoints`: a list of (height, width) in pixels. */
  pinpoints(value: unknown): [height: number, width: number][];
}

/** `remedy`: which checkpoints the family takes. */
export function configReader(remedy: string): ConfigReader {
  const refuse = (what: string): never => {
    throw new TabTuneError("unsupported-model", `config.json: ${what}.`, remedy);
  };
  const number = (json: Json, key: string, fallback?: number): number => {
    const value = json[key] ?? fallback;
    if (typeof value !== "number" || !Number.isFinite(value)) return refuse(`"${key}" is not a number`);
    return value;
  };
  return {
    refuse,
    number,
    positive(json, key, fallback) {
      const value = number(json, key, fallback);
      if (!Number.isInteger(value) || value <= 0) return refuse(`"${key}" is ${value}, not a positive whole number`);
      return value;
    },
    pinpoints(value) {
      const isSide = (side: unknown): boolean => Number.isSafeInteger(side) && (side as number) > 0;
      const sound =
        Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isSide));
      return sound ? value : refuse('"image_grid_pinpoints" is not a list of heights and widths');
    },
    gelu(value, fallback, where) {
      const name = value ?? fallback;
      if (name === "quick_gelu" || name === "gelu" || name === "gelu_pytorch_tanh") return name;
      return refuse(`${where} activation "${String(name)}" is not known`);
    },
  };
}
