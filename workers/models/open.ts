/** A checkpoint folder -> everything that training, data preparation and chat need of it. */
import type { PictureFormat } from "../data/pictures/format.ts";
import { chooseTemplate } from "../data/text/chat-template.ts";
import { type Prompting, promptingOf } from "../data/text/prompting.ts";
import { templateNotes } from "../data/text/template-check.ts";
import { TabTuneError } from "../errors.ts";
import { Planner } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import type { Recipe } from "../recipe.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { sha256 } from "../storage/sha256.ts";
import { openCheckpoint } from "../weights/hub/model-files.ts";
import { modelFolder } from "../weights/hub/model-folder.ts";
import type { ModelFiles } from "../weights/hub/source.ts";
import { type StoredCheckpoint, withStoredFourBit } from "../weights/loading/stored-four-bit.ts";
import type { VlmConfig } from "./config.ts";
import {
  type Family,
  type Json,
  type PictureSettings,
  type ProcessorAttributes,
  pictureSettingsOf,
  type WrittenSettings,
} from "./family.ts";
import { type LoadOptions, loadVlm } from "./load.ts";
import { resolveName } from "./names.ts";
import { refuseOtherTensors } from "./other-kinds.ts";
import { vocabularyOf } from "./parts/head-weights.ts";
import { idleSettings, obeyedSettings } from "./picture-settings.ts";
import { type PreparationSpec, preparationOf, tokenizerOf } from "./preparation.ts";
import { imageProcessorJson, missingAttributes } from "./processor.ts";
import { familyOf } from "./registry.ts";
import type { Vlm } from "./vlm.ts";
import { type QuantKeys, type QuantSettings, quantOf, WeightBuilder } from "./weight-builder.ts";

/** What the files say, before any weight is read. */
export interface OpenedModel {
  files: ModelFiles;
  family: Family;
  config: VlmConfig;
  /** config.json as it is. */
  configJson: Json;
  checkpoint: StoredCheckpoint;
  quant: QuantSettings | undefined;
  preparation: PreparationSpec;
  pictures: PictureFormat;
  /** Ends an answer. */
  eosIds: number[];
  /** What transformers has to be told of the processor, because the checkpoint does not say it. */
  processor: ProcessorAttributes | undefined;
  /** How transformers is asked for an answer as in training, and which keys have it cut pictures so. */
  inference: Inference;
  /** What the user should know of how the files were found and read. */
  fileNotes: string[];
  /** What the user should know before training on it. */
  notes: string[];
  /** Identity: files and quantisation. */
  id: string;
  /** A tensor of the checkpoint as f32, by neutral name. */
  readTensor(neutral: string): Promise<Float32Array>;
}

export interface Inference {
  prompting: Prompting;
  pictures: WrittenSettings;
}

export interface LoadedModel extends OpenedModel {
  vlm: Vlm;
  from: "checkpoint" | "cache";
  cacheNote: string;
}

type ModelRecipe = Pick<Recipe, QuantKeys | "chatTemplate" | keyof PictureSettings>;

const optional = async (files: ModelFiles, name: string): Promise<string | undefined> =>
  files.has(name) ? files.readText(name) : undefined;

/** Reads configuration, tokenizer and tensor headers. Throws TabTuneError naming what is missing or wrong. */
export async function openModel(given: ModelFiles, recipe: ModelRecipe): Promise<OpenedModel> {
  const files = await modelFolder(given);
  const configJson = (await files.readJson("config.json")) as Json;
  const family = familyOf(configJson);
  const config = family.parseConfig(configJson);
  const stored = await openCheckpoint(files);
  refuseOtherTensors(stored.tensors.keys());
  const checkpoint = await withStoredFourBit(stored);
  const tokenizerConfigJson = await optional(files, "tokenizer_config.json");
  const template = chooseTemplate({
    explicit: recipe.chatTemplate,
    chatTemplateJinja: await optional(files, "chat_template.jinja"),
    chatTemplateJson: await optional(files, "chat_template.json"),
    tokenizerConfigJson,
    family: family.chatTemplate(configJson),
  });
  const specialTokensMapJson = await optional(files, "special_tokens_map.json");
  const spec: Omit<PreparationSpec, "id"> = {
    configJson: JSON.stringify(configJson),
    processorJson: await imageProcessorJson(files),
    maxImageTiles: recipe.maxImageTiles,
    ...obeyedSettings(family, recipe),
    tokenizerJson: await files.readText("tokenizer.json"),
    tokenizerConfigJson: tokenizerConfigJson ?? "{}",
    ...(specialTokensMapJson ? { specialTokensMapJson } : {}),
    template: template.jinja,
    imageTokenId: config.imageTokenId,
    vocab: vocabularyOf(new WeightBuilder(new Planner(), checkpoint.tensors, config.names, undefined)),
  };
  const quant = quantOf(recipe);
  const hash = (value: unknown): Promise<string> => sha256(new TextEncoder().encode(JSON.stringify(value)));
  const tensors = [...checkpoint.tensors.values()].map((t) => [t.name, t.dtype, t.shape, t.start]);
  const plain = tokenizerOf(spec);
  const eosIds = await eosIdsOf(files, plain.eosId);
  const stopIds = eosIds.filter((id) => id !== plain.eosId);
  if (stopIds.length > 0) spec.stopIds = stopIds;
  const preparation: PreparationSpec = { id: await hash(spec), ...spec };
  const { tokenizer, pictures } = preparationOf(preparation, stopIds.length > 0 ? undefined : plain);
  if (pictures.tileSize !== config.tower.imageSize) {
    throw new TabTuneError(
      "unsupported-model",
      `The image processor makes pictures of ${pictures.tileSize} pixels, the vision tower of config.json takes ${config.tower.imageSize}.`,
      "Download preprocessor_config.json and config.json again, from one revision of the model.",
    );
  }
  return {
    files,
    family,
    config,
    configJson,
    checkpoint,
    quant,
    preparation,
    pictures,
    eosIds,
    processor: await missingAttributes(files, family, config),
    inference: {
      prompting: promptingOf(template, tokenizer, {
        inFiles:
          template.origin === "checkpoint" &&
          ["chat_template.jinja", "chat_template.json"].some((name) => files.has(name)),
        endIds: [...new Set([...eosIds, ...tokenizer.endIds])],
      }),
      pictures: family.writtenSettings({
        ...{ config, configJson, processorJson: JSON.parse(spec.processorJson) },
        ...pictureSettingsOf(recipe),
      }),
    },
    fileNotes: [files.note, checkpoint.note, idleSettings(family, recipe)].filter((note) => note !== undefined),
    notes: templateNotes(template, tokenizer),
    id: await hash([await files.readText("config.json"), tensors, quant ?? null]),
    readTensor: async (neutral) =>
      checkpoint.readF32(resolveName(neutral, config.names, (n) => checkpoint.tensors.has(n)) ?? neutral),
  };
}

/**
 * eos_token_id (a number or a list) of the first file that has it, else the tokenizer's. That of text_config is often the language
 * model's of before it saw pictures: the tokenizer's ends an answer too.
 */
async function eosIdsOf(files: ModelFiles, fromTokenizer: number): Promise<number[]> {
  type Said = { eos_token_id?: number | number[] | null; text_config?: Said };
  for (const name of ["generation_config.json", "config.json"]) {
    if (!files.has(name)) continue;
    const said = (await files.readJson(name)) as Said;
    if (said.eos_token_id != null) return [said.eos_token_id].flat();
    const ofText = said.text_config?.eos_token_id;
    if (ofText != null) return [...new Set([ofText, fromTokenizer].flat())];
  }
  return [fromTokenizer];
}

/** Opens and uploads. */
export async function loadModel(
  gpu: Gpu,
  opened: OpenedModel,
  cache: FileCache | undefined,
  onProgress: LoadOptions["onProgress"],
): Promise<LoadedModel> {
  return { ...opened, ...(await loadVlm(gpu, opened, opened.checkpoint, { cache, onProgress })) };
}
