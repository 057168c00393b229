/**
 * A PEFT adapter -> LoRA modules with the scale of each. Whatever would change what the adapter computes, and that we do not
 * compute, is refused in a sentence: half an adapter answers like a whole one, only worse.
 */
import { TabTuneError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import type { ModuleMatrices, TrainedValues } from "../models/adapter-slabs.ts";
import { CONNECTOR, type NameScheme, spellingsOf } from "../models/names.ts";
import { loraScale } from "../recipe.ts";
import { toF32 } from "../weights/formats/dtype.ts";
import { readSafetensors, type TensorData } from "../weights/formats/safetensors.ts";
import { parsePeftKey, parseTrainedKey, partWord } from "./peft-names.ts";

export interface ImportedModule extends ModuleMatrices {
  /** What B(Ax) is multiplied by: alpha / r, or alpha / sqrt(r). */
  scale: number;
}

export interface ImportedAdapter {
  modules: ImportedModule[];
  /** The projector where it was trained in full: what takes the base's place. */
  trained: TrainedValues[];
  baseModel: string;
  /** As its config has it; modules may differ by its patterns. */
  lora: { rank: number; alpha: number; useRslora: boolean; dropout: number };
}

/** Sizes of a module of the model that the adapter goes onto. */
export interface ModuleSize {
  inFeatures: number;
  outFeatures: number;
}

function refuse(message: string, remedy = "Choose another adapter."): TabTuneError {
  return new TabTuneError("bad-adapter", message, remedy, "The model is unchanged.");
}

/**
 * Reads the two files of an adapter, in any spelling of its keys. With `sizes` (neutral name -> sizes) every module must be there
 * and fit.
 * @throws TabTuneError "bad-adapter", or "bad-safetensors" for a damaged weights file.
 */
export async function importPeft(
  weights: Uint8Array,
  configText: string,
  names: NameScheme,
  sizes?: ReadonlyMap<string, ModuleSize>,
): Promise<ImportedAdapter> {
  const connector = partWord(CONNECTOR, names);
  const config = parseConfig(configText, connector);
  const { tensors } = await readSafetensors(weights, "adapter_model.safetensors");
  const trained: TrainedValues[] = [];
  const lora = new Map(tensors);
  for (const [key, tensor] of config.trainsProjector ? tensors : []) {
    const name = parseTrainedKey(key, names);
    if (name === undefined) continue;
    trained.push({ name, shape: [...tensor.shape], values: finite(tensor, name) });
    lora.delete(key);
  }
  const held = trained.filter(({ name }) => name.endsWith(".weight")).length;
  const linears = [...(sizes?.keys() ?? [])].filter((module) => module.startsWith(`${CONNECTOR}.`)).length;
  if (config.trainsProjector && (held === 0 || (sizes && held !== linears))) {
    throw refuse(`The adapter's config saves ${connector}, whose weights it does not hold.`, "Download it again.");
  }
  const pairs = pairUp(lora, names);
  const modules = [...pairs].map(([module, { A, B }]) => {
    const rank = patternValue(config.rankPattern, module, names) ?? config.rank;
    const alpha = patternValue(config.alphaPattern, module, names) ?? config.alpha;
    const a = matrix(A, `lora_A of ${module}`);
    const b = matrix(B, `lora_B of ${module}`);
    if (a.shape[0] !== rank || b.shape[1] !== rank) {
      throw refuse(
        `The adapter's ${module} has A [${a.shape}] and B [${b.shape}], but its config says rank ${rank}.`,
        "Use the adapter_config.json that belongs to these weights.",
      );
    }
    const inFeatures = a.shape[1];
    const outFeatures = b.shape[0];
    const size = sizes?.get(module);
    if (sizes !== undefined && size === undefined) {
      throw refuse(
        `The adapter was made for another model: it changes ${module}, which this one does not have.`,
        "Load the model it was trained on.",
      );
    }
    if (size !== undefined && (size.inFeatures !== inFeatures || size.outFeatures !== outFeatures)) {
      const is = `${size.inFeatures} -> ${size.outFeatures}`;
      throw refuse(
        `The adapter was made for another model: its ${module} maps ${inFeatures} -> ${outFeatures}, the model's ${is}.`,
        "Load the model it was trained on.",
      );
    }
    const scale = loraScale({ rank, alpha, useRslora: config.useRslora });
    return { module, loraA: a.values, loraB: b.values, rank, inFeatures, outFeatures, scale };
  });
  if (modules.length === 0) throw refuse("The adapter holds no LoRA weights.");
  const { rank, alpha, useRslora, dropout, baseModel } = config;
  return { modules, trained, baseModel, lora: { rank, alpha, useRslora, dropout } };
}

/**
 * LoRA matrices under PEFT's names without a config: the file of `--lora-init`. B is zero where it is left out.
 * @throws TabTuneError "bad-adapter", or "bad-safetensors".
 */
export async function importLoraInit(
  weights: Uint8Array,
  { sizes, rank, names }: { sizes: ReadonlyMap<string, ModuleSize>; rank: number; names: NameScheme },
): Promise<ModuleMatrices[]> {
  const { tensors } = await readSafetensors(weights, "The LoRA start");
  const all = new Map(tensors);
  for (const [key, tensor] of tensors) {
    const bKey = key.replace(/\.lora_A((?:\.default)?\.weight)$/, ".lora_B$1");
    const size = sizes.get(parsePeftKey(key, names)?.module ?? "");
    if (bKey === key || all.has(bKey) || size === undefined || tensor.shape[0] !== rank) continue;
    const zeros = new Uint8Array(4 * size.outFeatures * rank);
    all.set(bKey, { dtype: "F32", shape: [size.outFeatures, rank], data: zeros });
  }
  const pairs = pairUp(all, names);
  for (const module of sizes.keys()) {
    if (!pairs.has(module))
      throw refuse(`The LoRA start has no lora_A for ${module}.`, "Give one for every trained module.");
  }
  return [...pairs].map(([module, { A, B }]) => {
    const a = matrix(A, `lora_A of ${module}`);
    const b = matrix(B, `lora_B of ${module}`);
    const size = sizes.get(module);
    const fits = size && a.shape[1] === size.inFeatures && b.shape[0] === size.outFeatures;
    if (!fits || a.shape[0] !== rank || b.shape[1] !== rank) {
      const what = size ? `rank ${rank} and ${size.inFeatures} -> ${size.outFeatures}` : "no such module";
      throw refuse(
        `The LoRA start has A [${a.shape}] and B [${b.shape}] for ${module}; the run has ${what}.`,
        "Make it for this model and the recipe's lora_r and target_modules.",
      );
    }
    return { module, loraA: a.values, loraB: b.values, rank, ...size };
  });
}

interface Config {
  rank: number;
  alpha: number;
  useRslora: boolean;
  /** 0 where it is none that can be: it counts in training only, and there the recipe's holds. */
  dropout: number;
  baseModel: string;
  trainsProjector: boolean;
  rankPattern: Map<string, number>;
  alphaPattern: Map<string, number>;
}

/** Settings under which an adapter computes something else than base + scale * B(Ax): each must be off. */
const MUST_BE_OFF = [
  "use_dora",
  "use_qalora",
  "use_bdlora",
  "fan_in_fan_out",
  "lora_bias",
  "layer_replication",
  "trainable_token_indices",
  "target_parameters",
  "alora_invocation_tokens",
  "arrow_config",
  "kasa_config",
  "monteclora_config",
  "velora_config",
];

/** Starts that change the base weights too, so that the adapter alone is not the whole change. */
const CHANGES_BASE = /^(pissa|olora|corda|loftq|lora_ga)/;

/** `connector`: the one module that can be trained in full. */
function parseConfig(text: string, connector: string): Config {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const message = "The adapter's adapter_config.json is not JSON.";
    throw new TabTuneError("bad-adapter", message, "Download it again.", "The model is unchanged.", { cause });
  }
  if (!isJsonObject(json)) throw refuse("The adapter's adapter_config.json is not a JSON object.");
  const config = new Map(Object.entries(json));
  if (config.get("peft_type") !== "LORA") {
    throw refuse(`The adapter is of type ${shown(config.get("peft_type"))}; only LORA is supported.`);
  }
  for (const key of MUST_BE_OFF) {
    const value = config.get(key);
    if (isSet(value)) throw refuse(`The adapter uses ${key} (${shown(value)}), which is not supported.`);
  }
  const bias = config.get("bias") ?? "none";
  if (bias !== "none") throw refuse(`The adapter trains biases (${shown(bias)}), which is not supported.`);
  const init = config.get("init_lora_weights");
  if (typeof init === "string" && CHANGES_BASE.test(init)) {
    throw refuse(
      `The adapter began with ${shown(init)}, which changes the base weights too.`,
      "Convert it to a plain LoRA adapter with PEFT's path_initial_model_for_weight_conversion.",
    );
  }
  const toSave = config.get("modules_to_save");
  const saved = isSet(toSave) ? [toSave].flat() : [];
  if (saved.some((name) => name !== connector)) {
    throw refuse(`The adapter uses modules_to_save (${shown(toSave)}); only ${connector} is supported.`);
  }
  const base = config.get("base_model_name_or_path");
  const dropout = config.get("lora_dropout");
  return {
    rank: positive(config.get("r"), "r", true),
    alpha: positive(config.get("lora_alpha"), "lora_alpha", false),
    useRslora: config.get("use_rslora") === true,
    dropout: typeof dropout === "number" ? dropout : 0,
    baseModel: typeof base === "string" ? base : "",
    trainsProjector: saved.length > 0,
    rankPattern: pattern(config.get("rank_pattern"), "rank_pattern", true),
    alphaPattern: pattern(config.get("alpha_pattern"), "alpha_pattern", false),
  };
}

/** Python's truth of a JSON value. */
function isSet(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function positive(value: unknown, key: string, whole: boolean): number {
  if (typeof value === "number" && value > 0 && value <= 65_536 && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? "whole number" : "number";
  throw refuse(`The adapter's ${key} is ${shown(value)}; it must be a ${kind} above 0, up to 65536.`);
}

function pattern(value: unknown, key: string, whole: boolean): Map<string, number> {
  const entries = value === undefined || value === null ? [] : isJsonObject(value) ? Object.entries(value) : undefined;
  if (entries === undefined) throw refuse(`The adapter's ${key} is ${shown(value)}; it must be an object.`);
  return new Map(
    entries.map(([name, number]) => {
      // PEFT takes these for regular expressions. Ours come from strangers, and plain names are all that anyone writes.
      if (!/^\^?[\w.]+$/.test(name)) {
        throw refuse(`The adapter's ${key} has the expression ${shown(name)}; only plain module names are supported.`);
      }
      return [name, positive(number, `${key} of ${name}`, whole)];
    }),
  );
}

/** PEFT's rule: the first pattern that is the module's name or the end of it after a dot; "^" binds it to the beginning. */
function patternValue(patterns: ReadonlyMap<string, number>, module: string, names: NameScheme): number | undefined {
  const spellings = [module, `model.${module}`, ...spellingsOf(module, names)];
  for (const [pattern, value] of patterns) {
    const name = pattern.replace(/^\^/, "");
    const ends = name === pattern;
    if (spellings.some((spelling) => spelling === name || (ends && spelling.endsWith(`.${name}`)))) return value;
  }
  return undefined;
}

/** A and B of every module. */
function pairUp(
  tensors: ReadonlyMap<string, TensorData>,
  names: NameScheme,
): Map<string, { A: TensorData; B: TensorData }> {
  const found = new Map<string, { A?: TensorData; B?: TensorData }>();
  for (const [key, tensor] of tensors) {
    const place = parsePeftKey(key, names);
    if (place === undefined)
      throw refuse(`The adapter holds ${shown(key)}, which is no LoRA weight of this family of models.`);
    const pair = found.get(place.module) ?? {};
    if (pair[place.part] !== undefined) throw refuse(`The adapter holds lora_${place.part} of ${place.module} twice.`);
    pair[place.part] = tensor;
    found.set(place.module, pair);
  }
  for (const [module, { A, B }] of found) {
    if (A === undefined || B === undefined) {
      throw refuse(`The adapter holds only lora_${A === undefined ? "B" : "A"} of ${module}.`, "Download it again.");
    }
  }
  return found as Map<string, { A: TensorData; B: TensorData }>;
}

function matrix(tensor: TensorData, name: string): { shape: [number, number]; values: Float32Array } {
  const { shape } = tensor;
  if (shape.length !== 2) throw refuse(`The adapter's ${name} has shape [${shape}]; it must be a matrix.`);
  return { shape: shape as [number, number], values: finite(tensor, name) };
}

function finite({ dtype, data }: TensorData, name: string): Float32Array {
  if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16") {
    throw refuse(`The adapter's ${name} holds ${dtype} values; F32, F16 and BF16 are supported.`);
  }
  const values = toF32(data, dtype);
  if (!values.every(Number.isFinite)) throw refuse(`The adapter's ${name} holds a value that is not a finite number.`);
  return values;
}

/** Text from a file, cut and escaped. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}
