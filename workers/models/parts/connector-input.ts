/**
 * What the connector's linears take of the tower's rows: as they are, behind a norm, and shuffled, so that the rows of a square become one.
 * transformers: models/idefics3/modeling_idefics3.py, Idefics3Connector.pixel_shuffle; models/qwen3_vl/modeling_qwen3_vl.py,
 * Qwen3VLVisionPatchMerger, whose norm stands before the shuffle or, for DeepStack, behind it.
 */
import type { Allocator, Tensor } from "../../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../../gpu/program.ts";
import { layerNormBackward, layerNormForward } from "../../kernels/norm/layer-norm.ts";
import { copyRows, scatterRows } from "../../kernels/rows/copy.ts";
import { type ConnectorConfig, patchesPerTile, type TowerConfig, type VlmConfig } from "../config.ts";
import type { NormWeight } from "../weight-builder.ts";

/** Where a step leaves the rows, and where their gradient lies; that is there where a backward follows. */
interface StepRows {
  y: Tensor;
  dy: Tensor | undefined;
}

/** Undefined steps are not done. */
export interface ConnectorInput {
  norm: (StepRows & { mean: Tensor; rstd: Tensor }) | undefined;
  /** `order` u32 [tower rows]: the tower's row of each shuffled one (`shuffleOrder`); to be written once. */
  shuffle: (StepRows & { order: Tensor }) | undefined;
}

/** Width of the rows that are normalised; undefined where none are. */
export const normSize = ({ norm, inSize, shuffle }: ConnectorConfig): number | undefined =>
  norm && (norm.over === "rows" ? inSize : inSize * shuffle ** 2);

/** The tower's rows of a feature. */
const square = ({ shuffle }: ConnectorConfig): number => shuffle ** 2;

/**
 * To be written once, with `shuffleOrder`, for `rows` feature rows. Undefined where a tile's patches lie in order by themselves: where all
 * of them become one feature.
 */
export const allocateOrder = (
  alloc: Allocator,
  { tower, connector }: Pick<VlmConfig, "tower" | "connector">,
  rows: number,
): Tensor | undefined =>
  connector.shuffle === 1 || patchesPerTile(tower) === square(connector)
    ? undefined
    : alloc.tensor("vision/order", rows * square(connector));

export function allocateInput(
  alloc: Allocator,
  config: ConnectorConfig,
  { rows, backward }: { rows: number; backward: boolean },
  order: Tensor | undefined,
): ConnectorInput {
  const length = rows * square(config) * config.inSize;
  const t = (name: string, n = length): Tensor => alloc.tensor(`vision/${name}`, n);
  const size = normSize(config);
  return {
    norm: size
      ? {
          y: t("normed rows"),
          mean: t("normed rows.mean", length / size),
          rstd: t("normed rows.rstd", length / size),
          dy: backward ? t("dNormedRows") : undefined,
        }
      : undefined,
    shuffle: order && { order, y: t("shuffled"), dy: backward ? t("dShuffled") : undefined },
  };
}

/**
 * The tower's row of each shuffled one, for `tiles` tiles: features row by row, and within a feature the rows of its square.
 * transformers: Idefics3Connector.pixel_shuffle.
 */
export function shuffleOrder(tower: TowerConfig, { shuffle }: ConnectorConfig, tiles: number): Uint32Array {
  const patches = patchesPerTile(tower);
  const side = Math.sqrt(patches);
  const perFeature = shuffle ** 2;
  return Uint32Array.from({ length: tiles * patches }, (_, i) => {
    const [tile, inTile] = [Math.floor(i / patches), i % patches];
    const [feature, inside] = [Math.floor(inTile / perFeature), inTile % perFeature];
    const across = side / shuffle;
    const y = Math.floor(feature / across) * shuffle + Math.floor(inside / shuffle);
    const x = (feature % across) * shuffle + (inside % shuffle);
    return tile * patches + y * side + x;
  });
}

export interface ConnectorInputPass<K extends string> {
  config: ConnectorConfig;
  norm: NormWeight | undefined;
  kept: ConnectorInput;
  /** What the tower gave: [rows * shuffle², inSize]. */
  features: Tensor;
  /** Feature rows. */
  rows: Size<K>;
}

interface Step extends StepRows {
  forward(x: Tensor): void;
  /** dx = (adds ? dx : 0) + the gradient of `x`, from `dy`. */
  backward(dx: Tensor, x: Tensor, adds: boolean): void;
}

/** In their order. */
function stepsOf<K extends string>(r: Recorder<K>, p: ConnectorInputPass<K>): Step[] {
  const { config, kept } = p;
  const towerRows: Size<K> = (d) => evaluate(p.rows, d) * square(config);
  const steps: Step[] = [];
  if (kept.shuffle) {
    const { y, dy, order } = kept.shuffle;
    const shape = { size: config.inSize, rows: towerRows };
    steps.push({
      ...{ y, dy },
      forward: (x) => copyRows(r, { y, x, ...shape, gather: order }),
      backward: (dx, _, accumulate) => scatterRows(r, { y: dx, x: dy!, index: order, ...shape, accumulate }),
    });
  }
  if (kept.norm && config.norm) {
    const { y, dy, mean, rstd } = kept.norm;
    const size = normSize(config)!;
    const rows: Size<K> = (d) => (evaluate(towerRows, d) * config.inSize) / size;
    const { eps } = config.norm;
    const { weight, bias } = p.norm!;
    const step: Step = {
      ...{ y, dy },
      forward: (x) => layerNormForward(r, { y, x, weight, bias, mean, rstd, size, eps, rows }),
      backward: (dx, x, adds) =>
        layerNormBackward(r, { dx, dy: dy!, x, weight, mean, rstd, size, rows, accumulate: adds ? 1 : 0 }),
    };
    if (config.norm.over === "rows") steps.unshift(step);
    else steps.push(step);
  }
  return steps;
}

/** Records norm and shuffle, and gives what the linears take. */
export function inputForward<K extends string>(r: Recorder<K>, p: ConnectorInputPass<K>): Tensor {
  let x = p.features;
  for (const step of stepsOf(r, p)) {
    step.forward(x);
    x = step.y;
  }
  return x;
}

/** The way back: what `inputForward` gave, where the linears' gradient of it is to go, and what brings it from there to `dx.to`. */
export function inputBackward<K extends string>(
  r: Recorder<K>,
  dx: { to: Tensor | undefined; adds: boolean },
  p: ConnectorInputPass<K>,
): { x: Tensor; dx: Tensor | undefined; record(): void } {
  const steps = stepsOf(r, p);
  const last = steps.at(-1);
  const { to, adds } = dx;
  if (to && adds && !last) throw new Error("a connector without norm and shuffle cannot add to a gradient");
  return {
    x: last?.y ?? p.features,
    dx: to && (last?.dy ?? to),
    record() {
      if (!to) return;
      for (let n = steps.length - 1; n >= 0; n--) {
        const before = steps[n - 1];
        steps[n]!.backward(before?.dy ?? to, before?.y ?? p.features, n === 0 && adds);
      }
    },
  };
}
