/** The frozen weights of a whole model: each part asks the `WeightBuilder` for its own. */
import type { Allocator, Tensor } from "../gpu/buffers.ts";
import { deepstackOf, type VlmConfig } from "./config.ts";
import { deepstackConnector } from "./names.ts";
import { type ConnectorWeights, connectorWeights } from "./parts/connector.ts";
import { type DecoderWeights, decoderWeights } from "./parts/decoder.ts";
import { type VocabularyWeights, vocabularyWeights } from "./parts/head-weights.ts";
import { type TowerWeights, towerWeights } from "./parts/tower.ts";
import { type Fill, type QuantSettings, type TensorFacts, WeightBuilder } from "./weight-builder.ts";

export interface VlmWeights extends VocabularyWeights, DecoderWeights {
  tower: TowerWeights;
  connector: ConnectorWeights;
  /** One for each of `VlmConfig.deepstack`. */
  deepstack: ConnectorWeights[];
  /** [hiddenSize], where the model has a feature row that belongs to no tile. */
  extraRow: Tensor | undefined;
  /** Memory of the tower's layers, which is lent while no picture is seen. */
  lendable: readonly Tensor[];
}

export interface WeightLayout {
  weights: VlmWeights;
  /** By checkpoint tensor name. */
  fills: Map<string, Fill>;
  /** Values in all tensors that are used. */
  parameters: number;
}

/** `quant` undefined keeps everything as it is. Throws TabTuneError "missing-tensor" or "bad-tensor" naming the tensor. */
export function allocateWeights(
  alloc: Allocator,
  config: VlmConfig,
  tensors: ReadonlyMap<string, TensorFacts>,
  quant: QuantSettings | undefined,
): WeightLayout {
  const build = new WeightBuilder(alloc, tensors, config.names, quant);
  const h = config.decoder.hiddenSize;
  const weights: VlmWeights = {
    ...vocabularyWeights(build, config.decoder),
    ...decoderWeights(build, config.decoder),
    tower: towerWeights(build, config.tower),
    connector: connectorWeights(build, config.connector),
    deepstack: deepstackOf(config).map((d, k) => connectorWeights(build, d.connector, deepstackConnector(k))),
    extraRow: config.extraRow === null ? undefined : build.vector(config.extraRow, [h]),
    lendable: build.blocks,
  };
  return { weights, fills: build.fills, parameters: build.parameters };
}
