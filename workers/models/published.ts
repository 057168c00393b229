/** The published checkpoints of all families by their shapes: plans, the catalogue and the bench are computed without the files. */

import type { PictureFormat } from "../data/pictures/format.ts";
import {
  type ConnectorConfig,
  clipModules,
  type DecoderConfig,
  deepstackOf,
  positionTableRows,
  type VlmConfig,
} from "./config.ts";
import { asTheCheckpointSays, type Json, type PictureSettings, type PublishedModel } from "./family.ts";
import { CONNECTOR, DECODER, decoderLayer, deepstackConnector, spellingsOf, TOWER, towerLayer } from "./names.ts";
import { connectorLinears } from "./parts/connector.ts";
import { normSize } from "./parts/connector-input.ts";
import { decoderLinears } from "./parts/decoder.ts";
import type { Linears } from "./parts/linears.ts";
import { towerLinears } from "./parts/tower.ts";
import { families, familyOf, parseConfig } from "./registry.ts";
import type { TensorFacts } from "./weight-builder.ts";

/** By repository of the hub. */
export const published: ReadonlyMap<string, PublishedModel> = new Map(
  [...families.values()].flatMap((family) => Object.entries(family.published)),
);

export function modelOf(repo: string): PublishedModel {
  const found = published.get(repo);
  if (!found) throw new Error(`the shapes of ${repo} are not known`);
  return found;
}

export const configOf = (repo: string): VlmConfig => parseConfig(modelOf(repo).config);

/** Names and shapes of a published checkpoint's tensors. */
export function publishedTensors(repo: string): Map<string, TensorFacts> {
  const { dtype, vocab } = modelOf(repo);
  return tensorsOf(configOf(repo), { dtype, vocab });
}

/** The picture format of a model without files. */
export function picturesOf(configJson: Json, settings: PictureSettings = asTheCheckpointSays): PictureFormat {
  const family = familyOf(configJson);
  const config = family.parseConfig(configJson);
  return family.pictures({ config, configJson, processorJson: family.processorOf(config), ...settings });
}

export const publishedPictures = (repo: string, settings?: PictureSettings): PictureFormat =>
  picturesOf(modelOf(repo).config, settings);

/** Names, in the first spelling of the family, and shapes of the tensors that a checkpoint of these sizes has. */
export function tensorsOf(
  config: VlmConfig,
  { dtype, vocab }: Pick<PublishedModel, "dtype" | "vocab">,
): Map<string, TensorFacts> {
  const { decoder, tower, connector } = config;
  const tensors = new Map<string, TensorFacts>();
  const add = (neutral: string, ...shape: number[]): void => {
    tensors.set(spellingsOf(neutral, config.names)[0]!, { dtype, shape });
  };
  const layerNorm = (neutral: string, size = tower.hiddenSize): void => {
    add(`${neutral}.weight`, size);
    add(`${neutral}.bias`, size);
  };
  const linears = <K extends string>(base: string, all: Linears<K>): void => {
    for (const { inSize, parts, bias } of Object.values<Linears<string>[string]>(all)) {
      for (const [module, out] of parts) {
        add(`${base}.${module}.weight`, out, inSize);
        if (bias) add(`${base}.${module}.bias`, out);
      }
    }
  };
  const embeddings = `${TOWER}.embeddings`;
  if (tower.classToken !== "none") add(`${embeddings}.class_embedding`, tower.hiddenSize);
  const { patchSize, frames, modules = clipModules } = tower;
  const kernel = [...(frames ? [frames] : []), patchSize, patchSize];
  add(`${embeddings}.patch_embedding.weight`, tower.hiddenSize, 3, ...kernel);
  if (tower.patchBias) add(`${embeddings}.patch_embedding.bias`, tower.hiddenSize);
  add(`${embeddings}.position_embedding.weight`, positionTableRows(tower), tower.hiddenSize);
  if (tower.preNorm) layerNorm(`${TOWER}.pre_layrnorm`);
  // A checkpoint of CLIP or SigLIP has it even where nothing takes it.
  if (tower.postNorm || !tower.freeSize) layerNorm(`${TOWER}.post_layernorm`);
  for (let n = 0; n < tower.numLayers; n++) {
    linears(towerLayer(n), towerLinears(tower));
    layerNorm(`${towerLayer(n)}.${modules.norm1}`);
    layerNorm(`${towerLayer(n)}.${modules.norm2}`);
  }
  const connectorOf = (base: string, c: ConnectorConfig): void => {
    if (c.norm) layerNorm(`${base}.norm`, normSize(c));
    linears(base, connectorLinears(c));
  };
  connectorOf(CONNECTOR, connector);
  for (const [k, d] of deepstackOf(config).entries()) connectorOf(deepstackConnector(k), d.connector);
  if (config.extraRow !== null) add(config.extraRow, decoder.hiddenSize);
  addDecoder(add, linears, decoder, vocab);
  return tensors;
}

function addDecoder(
  add: (neutral: string, ...shape: number[]) => void,
  linears: (base: string, all: Linears<string>) => void,
  decoder: DecoderConfig,
  vocab: number,
): void {
  const h = decoder.hiddenSize;
  add(`${DECODER}.embed_tokens.weight`, vocab, h);
  for (let n = 0; n < decoder.numLayers; n++) {
    linears(decoderLayer(n), decoderLinears(decoder));
    add(`${decoderLayer(n)}.input_layernorm.weight`, h);
    add(`${decoderLayer(n)}.post_attention_layernorm.weight`, h);
    if (!decoder.qkNorm) continue;
    add(`${decoderLayer(n)}.self_attn.q_norm.weight`, decoder.headSize);
    add(`${decoderLayer(n)}.self_attn.k_norm.weight`, decoder.headSize);
  }
  add(`${DECODER}.norm.weight`, h);
  if (!decoder.tiedHead) add("lm_head.weight", vocab, h);
}
