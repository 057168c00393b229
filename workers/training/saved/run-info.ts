/**
 * The record of a run as it lies in the store, in every shape that it ever had. A run of today holds the model's config.json: its
 * names are Hugging Face's and do not change when ours do. Whoever changes what a field means raises SCHEMA and adds a step to
 * `upgraded`; a new field that runs can do without is optional.
 */
import * as v from "valibot";
import { TabTuneError } from "../../errors.ts";
import type { OpenedModel } from "../../models/open.ts";

/** 0: without a number, `model` held this program's own sizes of a LLaVA model. 1: `modelConfig` is config.json. */
export const SCHEMA = 1;

const json = v.record(v.string(), v.unknown());

const record = v.object({
  schema: v.literal(SCHEMA),
  id: v.string(),
  /** ISO 8601. */
  createdAt: v.string(),
  modelId: v.string(),
  modelLabel: v.string(),
  datasetId: v.string(),
  datasetLabel: v.string(),
  maxSteps: v.number(),
  /** "running" while a worker is at it; found so later, the run was interrupted. */
  status: v.picklist(["running", "stopped", "done"]),
  /** config.json of the model: the adapter can be downloaded without loading it. */
  modelConfig: json,
  /** What transformers has to be told of the processor, by its attributes; absent in runs of complete checkpoints. */
  processor: v.optional(v.record(v.string(), v.union([v.string(), v.number()]))),
  /** How transformers asks for an answer and cuts pictures as in training; absent in runs of before it was kept. */
  inference: v.optional(
    v.object({
      prompting: v.object({
        template: v.optional(v.string()),
        ...{ takesParts: v.boolean(), asksAsTrained: v.boolean(), writesBos: v.boolean() },
        endIds: v.array(v.number()),
      }),
      pictures: v.object({ processor: json, config: json, note: v.optional(v.string()) }),
    }),
  ),
  /** Hugging Face names. */
  recipe: json,
});

/** What the page shows of a run, beside what its checkpoints and its log say. */
export type RunInfo = v.InferOutput<typeof record>;

/** What the record holds of the model. */
export const recordOfModel = (
  model: OpenedModel,
): Pick<RunInfo, "modelId" | "modelLabel" | "modelConfig" | "processor" | "inference"> => ({
  modelId: model.id,
  modelLabel: model.files.label,
  modelConfig: model.configJson,
  ...(model.processor ? { processor: model.processor } : {}),
  inference: model.inference,
});

/**
 * Reads what `saveRunInfo` of this or an earlier version wrote.
 * @throws TabTuneError "bad-checkpoint" where a later version wrote it, or where a field is not what it should be
 */
export function parseRunInfo(stored: unknown): RunInfo {
  const said = v.parse(v.looseObject({ schema: v.optional(v.number(), 0) }), stored);
  if (said.schema > SCHEMA) {
    throw new TabTuneError(
      "bad-checkpoint",
      "This run was saved by a newer version of TabTune.",
      "Reload the page to get that version, or start a new run.",
      "The run stays as it is.",
    );
  }
  const read = v.safeParse(record, said.schema === 0 ? upgraded(said) : said);
  if (read.success) return read.output;
  throw notSound(read.issues[0]);
}

const notSound = (issue: v.BaseIssue<unknown>): TabTuneError =>
  new TabTuneError(
    "bad-checkpoint",
    `The record of this run is not sound: ${v.getDotPath(issue) ?? "it"}: ${issue.message}.`,
    "Start a new run.",
    "The run stays as it is.",
  );

const sizes = v.record(v.string(), v.union([v.number(), v.string()]));
const schema0 = v.looseObject({
  model: v.object({
    kind: v.string(),
    /** The first versions read no other, but Mistral's, whose layers are the same. */
    languageModel: v.optional(v.string(), "llama"),
    text: sizes,
    vision: sizes,
    projectorActivation: v.string(),
    projectorBias: v.boolean(),
    visionLayersUsed: v.number(),
    featureSelect: v.string(),
    imageTokenId: v.number(),
    padTokenId: v.nullable(v.number()),
    tiedHead: v.optional(v.boolean(), false),
    gridPinpoints: v.array(v.tuple([v.number(), v.number()])),
  }),
  processor: v.optional(
    v.object({ patchSize: v.number(), featureSelect: v.string(), additionalImageTokens: v.number() }),
  ),
});

/** Schema 0 -> 1 (throws as `parseRunInfo`): the sizes under the names of the config.json that they were read from. */
function upgraded(stored: unknown): unknown {
  const read = v.safeParse(schema0, stored);
  if (!read.success) throw notSound(read.issues[0]);
  const { model, processor, ...rest } = read.output;
  const { text, vision } = model;
  const modelConfig = {
    model_type: model.kind,
    text_config: {
      model_type: model.languageModel,
      hidden_size: text.hiddenSize,
      intermediate_size: text.intermediateSize,
      num_hidden_layers: text.numLayers,
      num_attention_heads: text.numHeads,
      num_key_value_heads: text.numKvHeads,
      head_dim: text.headSize,
      rms_norm_eps: text.rmsNormEps,
      rope_theta: text.ropeTheta,
      max_position_embeddings: text.maxPositions,
      sliding_window: null,
    },
    vision_config: {
      hidden_size: vision.hiddenSize,
      intermediate_size: vision.intermediateSize,
      num_hidden_layers: vision.numLayers,
      num_attention_heads: vision.numHeads,
      image_size: vision.imageSize,
      patch_size: vision.patchSize,
      layer_norm_eps: vision.layerNormEps,
      hidden_act: vision.activation,
    },
    projector_hidden_act: model.projectorActivation,
    multimodal_projector_bias: model.projectorBias,
    vision_feature_layer: model.visionLayersUsed,
    vision_feature_select_strategy: model.featureSelect,
    image_token_index: model.imageTokenId,
    pad_token_id: model.padTokenId,
    tie_word_embeddings: model.tiedHead,
    image_grid_pinpoints: model.gridPinpoints,
  };
  const attributes = processor && {
    patch_size: processor.patchSize,
    vision_feature_select_strategy: processor.featureSelect,
    num_additional_image_tokens: processor.additionalImageTokens,
  };
  return { ...rest, schema: 1, modelConfig, ...(attributes ? { processor: attributes } : {}) };
}
