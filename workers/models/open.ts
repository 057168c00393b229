/** A checkpoint folder -> everything that training, data preparation and chat need of it. */
import { normalise, parsePreprocessor } from "../data/pictures/crop.ts";
import { tileSizeOf } from "../data/pictures/prepare-image.ts";
import type { PreparationSpec } from "../data/preparation.ts";
import { preparationOf } from "../data/preparation.ts";
import { type ChatTemplate, chooseTemplate, endsAnswers } from "../data/text/chat-template.ts";
import { type TextTokenizer, templateTokens } from "../data/text/tokenizer.ts";
import { TabTuneError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import type { Recipe } from "../recipe.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { sha256 } from "../storage/sha256.ts";
import { openCheckpoint } from "../weights/hub/model-files.ts";
import type { ModelFiles } from "../weights/hub/source.ts";
import { type StoredCheckpoint, withStoredFourBit } from "../weights/loading/stored-four-bit.ts";
import { type LlavaConfig, parseConfig } from "./config.ts";
import type { Llava } from "./llava.ts";
import { loadLlava } from "./load.ts";
import { resolveName } from "./names.ts";
import type { ReadTensor } from "./onnx/clip-graph.ts";
import type { Normalise } from "./pack-pictures.ts";
import { missingProcessorFacts, type ProcessorFacts, preprocessorJson } from "./processor.ts";
import { missingTensor, type QuantSettings } from "./weights.ts";

/** What the files say, before any weight is read. */
export interface OpenedModel {
  files: ModelFiles;
  config: LlavaConfig;
  /** config.json as it is. */
  configJson: Record<string, unknown>;
  checkpoint: StoredCheckpoint;
  quant: QuantSettings | undefined;
  preparation: PreparationSpec;
  normalise: Normalise;
  /** Most tiles that one picture takes. */
  tilesPerPicture: number;
  /** Ends an answer. */
  eosIds: number[];
  /** What transformers has to be told of the processor, because the checkpoint does not say it. */
  processor: ProcessorFacts | undefined;
  /** What the user should know before training on it. */
  notes: string[];
  /** Identity: files and quantisation. */
  id: string;
  /** A tensor of the checkpoint as f32, by neutral name. */
  readTensor: ReadTensor;
}

export interface LoadedModel extends OpenedModel {
  llava: Llava;
  from: "checkpoint" | "cache";
  cacheNote: string;
}

type ModelRecipe = Pick<
  Recipe,
  "loadIn4bit" | "bnb4bitQuantType" | "bnb4bitUseDoubleQuant" | "quantizeModules" | "chatTemplate" | "maxImageTiles"
>;

const optional = async (files: ModelFiles, name: string): Promise<string | undefined> =>
  files.has(name) ? files.readText(name) : undefined;

/** Reads configuration, tokenizer and tensor headers. Throws TabTuneError naming what is missing or wrong. */
export async function openModel(files: ModelFiles, recipe: ModelRecipe): Promise<OpenedModel> {
  if (!files.has("config.json")) {
    throw new TabTuneError(
      "not-a-llava-checkpoint",
      `${files.label} has no config.json.`,
      "Choose the folder of a LLaVA checkpoint in Hugging Face form, with config.json and .safetensors files.",
    );
  }
  const configJson = await files.readJson("config.json");
  const config = parseConfig(configJson, recipe.maxImageTiles);
  const checkpoint = await withStoredFourBit(await openCheckpoint(files));
  const tokenizerConfigJson = await optional(files, "tokenizer_config.json");
  const template = chooseTemplate({
    explicit: recipe.chatTemplate,
    chatTemplateJinja: await optional(files, "chat_template.jinja"),
    chatTemplateJson: await optional(files, "chat_template.json"),
    tokenizerConfigJson,
    family: config.languageModel === "mistral" ? "mistral" : "llava",
  });
  const specialTokensMapJson = await optional(files, "special_tokens_map.json");
  const pictures = await preprocessorJson(files);
  const preprocessor = parsePreprocessor(JSON.parse(pictures));
  const spec: Omit<PreparationSpec, "id"> = {
    tokenizerJson: await files.readText("tokenizer.json"),
    tokenizerConfigJson: tokenizerConfigJson ?? "{}",
    ...(specialTokensMapJson ? { specialTokensMapJson } : {}),
    template: template.jinja,
    imageTokenId: config.imageTokenId,
    vocab: embeddingRows(checkpoint),
    preprocessorJson: pictures,
    kind: config.kind === "llava_next" ? "anyres" : "clip",
    patchSize: config.vision.patchSize,
    featureSelect: config.featureSelect,
    ...(config.kind === "llava_next" ? { gridPinpoints: config.gridPinpoints } : {}),
    ...(recipe.maxImageTiles ? { maxImageTiles: recipe.maxImageTiles } : {}),
  };
  const quant: QuantSettings | undefined = recipe.loadIn4bit
    ? {
        type: recipe.bnb4bitQuantType,
        blockSize: 64,
        doubleQuant: recipe.bnb4bitUseDoubleQuant,
        modules: recipe.quantizeModules,
      }
    : undefined;
  const hash = (value: unknown): Promise<string> => sha256(new TextEncoder().encode(JSON.stringify(value)));
  const tensors = [...checkpoint.tensors.values()].map((t) => [t.name, t.dtype, t.shape, t.start]);
  const grid = config.gridPinpoints.map(([h, w]) => (h * w) / config.vision.imageSize ** 2);
  const tiles = config.kind === "llava_next" ? 1 + Math.max(1, ...grid) : 1;
  const preparation: PreparationSpec = { id: await hash(spec), ...spec };
  const { tokenizer, image } = preparationOf(preparation);
  if (tileSizeOf(image) !== config.vision.imageSize) {
    throw new TabTuneError(
      "unsupported-model",
      `The image processor makes pictures of ${tileSizeOf(image)} pixels, the vision tower of config.json takes ${config.vision.imageSize}.`,
      "Download preprocessor_config.json and config.json again, from one revision of the model.",
    );
  }
  return {
    files,
    config,
    configJson: configJson as Record<string, unknown>,
    checkpoint,
    quant,
    preparation,
    normalise: (pixels, count) => {
      const size = pixels.length / count;
      const out = new Float32Array(pixels.length);
      for (let i = 0; i < count; i++)
        out.set(normalise(pixels.subarray(i * size, (i + 1) * size), preprocessor), i * size);
      return out;
    },
    tilesPerPicture: Math.min(tiles, recipe.maxImageTiles ?? tiles),
    eosIds: await eosIds(files, tokenizer.eosId),
    processor: await missingProcessorFacts(files, config),
    notes: templateNotes(template, tokenizer),
    id: await hash([await files.readText("config.json"), tensors, quant ?? null]),
    readTensor: async (neutral) =>
      checkpoint.readF32(resolveName(neutral, (n) => checkpoint.tensors.has(n)) ?? neutral),
  };
}

/** The vocabulary that the model really has, which neither config.json nor the tokenizer has to agree with. */
function embeddingRows({ tensors }: StoredCheckpoint): number {
  const neutral = "language_model.embed_tokens.weight";
  const rows = tensors.get(resolveName(neutral, (name) => tensors.has(name)) ?? "")?.shape[0];
  if (rows !== undefined) return rows;
  throw missingTensor(neutral);
}

function templateNotes(template: ChatTemplate, tokenizer: TextTokenizer): string[] {
  if (endsAnswers(template, templateTokens(tokenizer))) return [];
  return [
    `The chat template never writes ${tokenizer.eosToken} after an answer, so a model trained with it does not learn to stop; a template that does can be given as chat_template.`,
  ];
}

/** eos_token_id (a number or a list) of the first file that has it, else the tokenizer's. */
async function eosIds(files: ModelFiles, fallback: number): Promise<number[]> {
  type Said = { eos_token_id?: number | number[] | null; text_config?: Said };
  for (const name of ["generation_config.json", "config.json"]) {
    if (!files.has(name)) continue;
    const said = (await files.readJson(name)) as Said;
    const ids = said.eos_token_id ?? said.text_config?.eos_token_id ?? undefined;
    if (ids !== undefined) return [ids].flat();
  }
  return [fallback];
}

/** Opens and uploads. */
export async function loadModel(
  gpu: Gpu,
  opened: OpenedModel,
  cache: FileCache | undefined,
  onProgress: Parameters<typeof loadLlava>[3]["onProgress"],
): Promise<LoadedModel> {
  const loaded = await loadLlava(gpu, opened.config, opened.checkpoint, {
    quant: opened.quant,
    cache,
    onProgress,
  });
  return { ...opened, ...loaded };
}
