/** Tower and connector, assembled: tiles -> rows of the image feature table, and back to what learns on that way. */
import type { Allocator, Tensor } from "../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../gpu/program.ts";
import { sharedMemory } from "../gpu/shared-memory.ts";
import type { ActivationPolicy } from "./activations.ts";
import type { VisionGrads, VisionLora } from "./adapter.ts";
import {
  type ConnectorConfig,
  deepstackOf,
  featuresPerTile,
  tokensPerTile,
  towerRowsPerTile,
  type VlmConfig,
} from "./config.ts";
import {
  allocateConnector,
  type ConnectorActivations,
  type ConnectorPass,
  connectorBackward,
  connectorForward,
  fitsIn,
  type TrainedConnector,
} from "./parts/connector.ts";
import { allocateOrder } from "./parts/connector-input.ts";
import { dropoutSites, type LoraSettings, type PassDropout } from "./parts/lora.ts";
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
  /** Of the connectors behind layers in between; without a backward they may be `connector`'s. */
  deepstack: readonly ConnectorActivations[];
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
  const order = allocateOrder(alloc, config, rows);
  const behind = deepstackOf(config);
  const between = (from: Allocator, c: ConnectorConfig): ConnectorActivations =>
    allocateConnector(from, c, { ...connector, blends: false }, order);
  // A backward reads what the forward left.
  if (policy) {
    return {
      tower: allocateTower(alloc, config.tower, tower),
      connector: allocateConnector(alloc, config.connector, connector, order),
      deepstack: behind.map((d) => between(alloc, d.connector)),
    };
  }
  const borders = allocateBorders(alloc, config.tower, tiles);
  return sharedMemory(shared, towerPhases, ({ kept, ...phases }) => {
    const last = allocateConnector(phases.features, config.connector, connector, order);
    return {
      tower: allocateTower(kept, config.tower, tower, { borders, phases }),
      connector: last,
      // They run between layers, when nothing of those phases is read any more, and where they can in the memory of the one behind all.
      deepstack: behind.map((d) =>
        fitsIn(d.connector, config.connector) ? last : between(phases.features, d.connector),
      ),
    };
  });
}

/** What the passes below share. `tiles` is how many of the tiles are used. */
export interface VisionPass<K extends string> {
  config: VlmConfig;
  weights: Pick<VlmWeights, "tower" | "connector" | "deepstack">;
  kept: VisionActivations;
  /** LoRA on tower and connector. */
  lora: VisionLora | undefined;
  /** A connector that is trained in full. */
  connector: TrainedConnector | undefined;
  /** What the way back adds to: it has a point behind each. */
  grads?: VisionGrads | undefined;
  tiles: Size<K>;
  /** Pairs of the tower's rows that see each other, and pictures, of a tower that sees pictures whole. */
  pairs?: Size<K> | undefined;
  pictures?: Size<K> | undefined;
  /** In training; dims: step, firstTile. */
  dropout?: PassDropout<K> | undefined;
}

const towerPass = <K extends string>({ config, weights, kept, lora, ...pass }: VisionPass<K>): TowerPass<K> => ({
  ...{ config: config.tower, weights: weights.tower, kept: kept.tower, lora: lora?.layers },
  grads: pass.grads?.layers,
  ...{ tiles: pass.tiles, pairs: pass.pairs, pictures: pass.pictures, dropout: pass.dropout },
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

/** Of the connector behind the `k`-th of the tower's layers in between, which gave `features`. */
const betweenPass = <K extends string>(p: VisionPass<K>, k: number, features: Tensor): ConnectorPass<K> => ({
  ...connectorPass(p),
  config: deepstackOf(p.config)[k]!.connector,
  weights: p.weights.deepstack[k]!,
  kept: p.kept.deepstack[k]!,
  features,
  lora: p.lora?.deepstack[k],
  trained: undefined,
  site: dropoutSites.projector + 2 * (k + 1),
});

/** Rows of features beside those of the connector: a table each (`VlmConfig.deepstack`), filled from row `row` on. */
export interface DeepstackTables<K extends string> {
  tables: readonly Tensor[];
  row: Size<K>;
}

/** Of the `VlmConfig.deepstack` that take a layer's output. */
const behindLayer = ({ config }: Pick<VisionPass<never>, "config">, layer: number): number[] =>
  deepstackOf(config).flatMap((d, k) => (d.layer === layer ? [k] : []));

/** kept.tower.pixels -> kept.tower.features, and rows of the tables where the model has some. */
export const recordTower = <K extends string>(r: Recorder<K>, p: VisionPass<K>, to?: DeepstackTables<K>): void =>
  towerForward(r, towerPass(p), (layer, output) => {
    for (const k of behindLayer(p, layer)) {
      const pass = betweenPass(p, k, output);
      connectorForward(r, to!.tables[k]!, to!.row, pass);
      pointAt(r, `the connector behind layer ${layer + 1} of the vision tower`, to!.tables[k]!, to!.row, pass);
    }
  });

/** kept.tower.features -> rows of `imageFeatures` from `row` on. */
export const recordConnector = <K extends string>(
  r: Recorder<K>,
  imageFeatures: Tensor,
  row: Size<K>,
  p: VisionPass<K>,
): void => {
  const pass = connectorPass(p);
  connectorForward(r, imageFeatures, row, pass);
  pointAt(r, "the connector", imageFeatures, row, pass);
};

/** A point behind a connector: the rows of `table` up to its last. Those before `row` were looked at when they were written. */
const pointAt = <K extends string>(
  r: Recorder<K>,
  name: string,
  table: Tensor,
  row: Size<K>,
  { rows, config }: ConnectorPass<K>,
): void => r.point(name, table, (d) => (evaluate(row, d) + evaluate(rows, d)) * config.outSize);

/**
 * Backward of connector and tower for the tiles that the forward pass before it left in `kept`: `dTokens` [token rows, h] is the
 * gradient of the language model's input, `dDeepstack`, of the same shape, those of the rows that the tables' features were added to.
 * Gradients are added to.
 */
export function recordVisionBackward<K extends string>(
  r: Recorder<K>,
  dTokens: Tensor,
  dDeepstack: readonly Tensor[],
  p: VisionPass<K>,
): void {
  const { gradients } = p.kept.tower;
  connectorBackward(r, dTokens, { to: gradients?.dFeatures, adds: false }, gradients?.t, connectorPass(p));
  for (const grad of p.grads?.connector ?? []) {
    const whose = p.connector ? "the weights of" : "LoRA's matrices in";
    r.point(`the gradient of ${whose} the connector`, grad, grad.length);
  }
  if (!gradients) return;
  const { layers, last } = p.kept.tower;
  const perTile = towerRowsPerTile(p.config.tower) * p.config.tower.hiddenSize;
  r.point("the gradient of the connector", gradients.dFeatures, (d) => evaluate(p.tiles, d) * perTile);
  towerBackward(r, towerPass(p), (layer, to) => {
    const output = layers[layer + 1]?.x ?? last;
    for (const k of behindLayer(p, layer)) {
      connectorBackward(r, dDeepstack[k]!, { to, adds: true }, gradients.t, betweenPass(p, k, output));
      const name = `the connector behind layer ${layer + 1} of the vision tower`;
      const grad = p.grads?.deepstack[k];
      if (grad) r.point(`the gradient of LoRA's matrices in ${name}`, grad, grad.length);
      r.point(
        `the gradient of ${name}`,
        to,
        (d) => evaluate(p.tiles, d) * tokensPerTile(p.config.tower) * p.config.tower.hiddenSize,
      );
    }
  });
}
