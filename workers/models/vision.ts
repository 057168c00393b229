/** Tower and connector, assembled: tiles -> rows of the image feature table, and back to what learns on that way. */
import type { Allocator, Tensor } from "../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../gpu/program.ts";
import { sharedMemory } from "../gpu/shared-memory.ts";
import type { ActivationPolicy } from "./activations.ts";
import type { VisionLora } from "./adapter.ts";
import { featuresPerTile, type VlmConfig } from "./config.ts";
import {
  allocateConnector,
  allocateOrder,
  type ConnectorActivations,
  type ConnectorPass,
  connectorBackward,
  connectorForward,
  type TrainedConnector,
} from "./parts/connector.ts";
import type { LoraSettings, PassDropout } from "./parts/lora.ts";
import {
  allocateBorders,
  allocateTower,
  type TowerActivations,
  type TowerPass,
  towerBackward,
  towerForward,
  towerPhases,
} from "./parts/tower.ts";
import type { VlmWeights } from "./weights.ts";

/** Buffers of one pass over at most so many tiles. */
export interface VisionActivations {
  tower: TowerActivations;
  connector: ConnectorActivations;
}

/**
 * `lora`: settings of an adapter that reaches these linears. `policy`: of a training pass with a way back to the pictures; a tower keeps
 * everything or nothing. `shared`: where the tensors come from that are of use only while pictures are seen.
 */
export function allocateVision(
  alloc: Allocator,
  config: VlmConfig,
  tiles: number,
  { lora, policy }: { lora?: LoraSettings | undefined; policy?: ActivationPolicy | undefined } = {},
  shared = alloc,
): VisionActivations {
  const isAdapted = lora?.targets === "all-linear";
  const rank = isAdapted ? lora.rank : 0;
  const rows = tiles * featuresPerTile(config);
  const keeps = policy && policy.precision === "f32" && policy.keptLayers >= config.tower.layersUsed;
  const tower = {
    ...{ tiles, rank, dropout: lora?.dropout !== undefined, droppedLeast: rows * config.connector.outSize },
    backward: isAdapted && policy ? (keeps ? "keep" : "recompute") : "none",
  } as const;
  const connector = { rows, rank, backward: policy !== undefined, blends: config.blends };
  // A backward reads what the forward left.
  if (policy) {
    return {
      tower: allocateTower(alloc, config.tower, tower),
      connector: allocateConnector(alloc, config.connector, connector),
    };
  }
  const borders = allocateBorders(alloc, config.tower, tiles);
  const order = allocateOrder(alloc, config.connector, rows);
  return sharedMemory(shared, towerPhases, ({ kept, ...phases }) => ({
    tower: allocateTower(kept, config.tower, tower, { borders, phases }),
    connector: allocateConnector(phases.features, config.connector, connector, order),
  }));
}

/** What the passes below share. `tiles` is how many of the tiles are used. */
export interface VisionPass<K extends string> {
  config: VlmConfig;
  weights: Pick<VlmWeights, "tower" | "connector">;
  kept: VisionActivations;
  /** LoRA on tower and connector. */
  lora: VisionLora | undefined;
  /** A connector that is trained in full. */
  connector: TrainedConnector | undefined;
  tiles: Size<K>;
  /** In training; dims: step, firstTile. */
  dropout?: PassDropout<K> | undefined;
}

const towerPass = <K extends string>({ config, weights, kept, lora, tiles, dropout }: VisionPass<K>): TowerPass<K> => ({
  ...{ config: config.tower, weights: weights.tower, kept: kept.tower, lora: lora?.layers, tiles, dropout },
});

const connectorPass = <K extends string>(p: VisionPass<K>): ConnectorPass<K> => {
  const rowsPerTile = featuresPerTile(p.config);
  return {
    config: p.config.connector,
    weights: p.weights.connector,
    kept: p.kept.connector,
    features: p.kept.tower.features,
    lora: p.lora?.connector,
    trained: p.connector,
    rows: (d) => evaluate(p.tiles, d) * rowsPerTile,
    dropout: p.dropout,
    rowsPerTile,
  };
};

/** kept.tower.pixels -> kept.tower.features */
export const recordTower = <K extends string>(r: Recorder<K>, p: VisionPass<K>): void => towerForward(r, towerPass(p));

/** kept.tower.features -> rows of `imageFeatures` from `row` on. */
export const recordConnector = <K extends string>(
  r: Recorder<K>,
  imageFeatures: Tensor,
  row: Size<K>,
  p: VisionPass<K>,
): void => connectorForward(r, imageFeatures, row, connectorPass(p));

/**
 * Backward of connector and tower for the tiles that the forward pass before it left in `kept`: `dTokens` [token rows, h] is the
 * gradient of the language model's input. Gradients are added to.
 */
export function recordVisionBackward<K extends string>(r: Recorder<K>, dTokens: Tensor, p: VisionPass<K>): void {
  const { gradients } = p.kept.tower;
  connectorBackward(r, dTokens, gradients?.dFeatures, gradients?.t, connectorPass(p));
  if (gradients) towerBackward(r, towerPass(p));
}
