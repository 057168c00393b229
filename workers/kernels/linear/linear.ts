/**
 * y = x Wᵀ (+ bias) (+ LoRA) and its gradient with respect to x, for a frozen W in 4 bits, f32, f16 or bf16. The adapter rides in the
 * same GEMM as extra K steps. 4-bit layout: bitsandbytes (see weight.ts). There is no dW: the base is frozen.
 */
import { TabTuneError } from "../../errors.ts";
import type { Tensor } from "../../gpu/buffers.ts";
import { ceilDiv, type DispatchSpec, type Recorder, type Size } from "../../gpu/program.ts";
import type { GpuTileName } from "../../gpu/variants.ts";
import { codeValues } from "../../weights/nf4/tables.ts";
import { dropout } from "../dropout/dropout.ts";
import {
  type ForwardParts,
  formatOf,
  groups,
  type LinearParams,
  linearParams,
  loraWidth,
  shapeProblem,
  type Tile,
  times,
} from "./common.wgsl.ts";
import { gpuBackwardKernel, gpuForwardKernel } from "./gpu/forward-backward.wgsl.ts";
import { gpuOneRowKernel } from "./gpu/one-row.wgsl.ts";
import { droppedInput, type LoraDropout, type LoraWeights } from "./lora.ts";
import { DOWN_TILE, downKernel } from "./lora.wgsl.ts";
import { softwareBackwardKernel } from "./software/backward.wgsl.ts";
import { forwardTile, softwareForwardKernel, type TileName } from "./software/forward.wgsl.ts";
import { softwareTiles } from "./software/panel.wgsl.ts";
import { gpuTiles, ONE_ROW_GROUP, tileFor } from "./tiles.ts";
import type { Weight } from "./weight.ts";

export interface LinearForward<K extends string = string> {
  /** [rows, out] */
  y: Tensor;
  /** [rows, in] */
  x: Tensor;
  weight: Weight;
  /** [out] */
  bias?: Tensor | undefined;
  /** `xa` [rows, groups * rank] is written: the gradient of B reads it. */
  lora?: { weights: LoraWeights; xa: Tensor; dropout?: LoraDropout<K> | undefined } | undefined;
  /** [rows, out], added to the result: the residual stream. Another buffer than `y`. */
  residual?: Tensor | undefined;
  /** 1 adds to y, 0 (default) overwrites it. */
  accumulate?: Size<K>;
  rows: Size<K>;
  /** First row of y that is written, and of x that is read. */
  yRow?: Size<K>;
  xRow?: Size<K>;
  /** Floats from one row of y to the next, `out` by default: y may be columns of something wider. A multiple of 4. */
  yStride?: number;
  /** "decode": made for a single row. */
  tile?: "prefill" | "decode";
}

const weightTensors = (w: Weight): Tensor[] => ("codes" in w ? [w.codes, w.absmax] : [w.data]);

function weightParams(w: Weight): Pick<LinearParams, "code" | "blockSize"> {
  return "codes" in w ? { code: [...codeValues[w.format]], blockSize: w.blockSize } : {};
}

function checkShape(w: Weight): void {
  const problem = shapeProblem(w);
  if (problem) {
    throw new TabTuneError(
      "unsupported-model",
      `A weight of [${w.out}, ${w.in}] cannot be run: ${problem}.`,
      "Choose another checkpoint of the same model.",
    );
  }
}

/** Workgroups that cover [rows, columns] with a tile a workgroup. */
const gpuGrid = <K extends string>(name: GpuTileName, columns: number, rows: Size<K>): [Size<K>, Size<K>] => [
  ceilDiv(columns, gpuTiles[name].columns),
  groups(rows, gpuTiles[name].rows),
];

/** Workgroups that cover [rows, columns] with a tile a thread. */
const grid = <K extends string>(tile: Tile, columns: number, rows: Size<K>): [Size<K>, Size<K>] => [
  ceilDiv(columns, 4 * tile.quads * tile.workgroup[0]),
  groups(rows, tile.rows * tile.workgroup[1]),
];

/** The forward kernel that the adapter's variants name for [rows, columns] over `depth`, and its workgroups. */
function chosenForward<K extends string>(
  r: Recorder<K>,
  parts: ForwardParts,
  tile: TileName,
  { columns, depth, rows }: { columns: number; depth: number; rows: Size<K> },
): Pick<DispatchSpec<K>, "kernel" | "workgroups"> {
  if (tile.endsWith("decode")) {
    const reduction = r.variants.decode({ columns, depth });
    if (reduction !== "software")
      return {
        kernel: gpuOneRowKernel({ ...parts, reduction }),
        workgroups: [ceilDiv(columns, ONE_ROW_GROUP.columns), rows],
      };
  } else {
    const variant = r.variants.linear({ direction: "forward", columns, depth });
    if (variant !== "software") {
      const gpuTile = tileFor(variant, parts.format);
      return {
        kernel: gpuForwardKernel({ ...parts, tile: gpuTile }),
        workgroups: gpuGrid(gpuTile, columns, rows),
      };
    }
  }
  return {
    kernel: softwareForwardKernel({ ...parts, tile }),
    workgroups: grid(forwardTile[tile], columns, rows),
  };
}

export interface LoraDown<K extends string = string> {
  /** [rows, groups * rank] */
  xa: Tensor;
  /** [rows, in] */
  x: Tensor;
  weights: LoraWeights;
  dropout?: LoraDropout<K> | undefined;
  rows: Size<K>;
  xRow?: Size<K>;
  tile?: "prefill" | "decode";
}

/** xa = x Aᵀ: the narrow half of the adapter, which the gradient of B reads too. */
export function loraDown<K extends string>(r: Recorder<K>, e: LoraDown<K>): void {
  const width = loraWidth(e.weights);
  const inSize = e.weights.a.length / width;
  const narrow = e.tile === "decode" ? "narrow-decode" : "narrow";
  const shape = { format: "f32", lora: false, bias: false, residual: false } as const;
  r.dispatch({
    ...chosenForward(r, shape, narrow, { columns: width, depth: inSize, rows: e.rows }),
    tensors: [droppedInput(r, { ...e, size: inSize }), e.weights.a, e.xa],
    params: linearParams({ rows: e.rows, outSize: width, inSize, xRow: e.xRow ?? 0 }),
    flops: times(e.rows, 2 * width * inSize),
  });
}

/** With LoRA: xa first, then one GEMM that ends in the adapter's K steps. */
export function linearForward<K extends string>(r: Recorder<K>, e: LinearForward<K>): void {
  const { weight, lora, rows, tile = "prefill" } = e;
  checkShape(weight);
  if (lora) loraDown(r, { ...lora, x: e.x, rows, xRow: e.xRow ?? 0, tile });
  const parts = {
    format: formatOf(weight),
    lora: lora !== undefined,
    bias: e.bias !== undefined,
    residual: e.residual !== undefined,
  };
  r.dispatch({
    ...chosenForward(r, parts, tile, { columns: weight.out, depth: weight.in, rows }),
    tensors: [
      e.x,
      ...weightTensors(weight),
      ...(e.bias ? [e.bias] : []),
      ...(lora ? [lora.xa, lora.weights.b] : []),
      ...(e.residual ? [e.residual] : []),
      e.y,
    ],
    params: linearParams({
      rows,
      outSize: weight.out,
      inSize: weight.in,
      xRow: e.xRow ?? 0,
      yRow: e.yRow ?? 0,
      accumulate: e.accumulate ?? 0,
      ...(e.yStride !== undefined ? { yStride: e.yStride } : {}),
      ...(lora ? { lora: lora.weights } : {}),
      ...weightParams(weight),
    }),
    flops: times(rows, 2 * weight.out * (weight.in + (lora?.weights.rank ?? 0))),
  });
}

export interface LinearBackwardInput<K extends string = string> {
  /** [rows, in] */
  dx: Tensor;
  /** [rows, out] */
  dy: Tensor;
  weight: Weight;
  /** `t` [rows, groups * rank] is written: the gradient of A reads it. */
  lora?: { weights: LoraWeights; t: Tensor; dropout?: LoraDropout<K> | undefined } | undefined;
  accumulate?: Size<K>;
  rows: Size<K>;
  dxRow?: Size<K>;
  dyRow?: Size<K>;
  /** As `yStride` of the forward; for a weight without LoRA. */
  dyStride?: number;
  /** Only `t` is wanted: nothing before this layer learns. */
  skipInput?: boolean;
}

/** t = scale * dy B per group, then dx = dy W + t A; with dropout the second term goes through its mask. */
export function linearBackwardInput<K extends string>(r: Recorder<K>, e: LinearBackwardInput<K>): void {
  const { weight, lora, rows } = e;
  checkShape(weight);
  if (lora) {
    r.dispatch({
      kernel: downKernel,
      tensors: [e.dy, lora.weights.b, lora.t],
      params: linearParams({ rows, outSize: weight.out, inSize: weight.in, yRow: e.dyRow ?? 0, lora: lora.weights }),
      workgroups: [...grid(DOWN_TILE, lora.weights.rank, rows), lora.weights.groupStarts.length],
      flops: times(rows, 2 * weight.out * lora.weights.rank),
    });
  }
  if (e.skipInput) return;
  const fused = lora && !lora.dropout ? lora : undefined;
  const parts = { format: formatOf(weight), lora: fused !== undefined };
  const chosen = r.variants.linear({ direction: "backward", columns: weight.in, depth: weight.out });
  const variant = chosen === "software" ? chosen : tileFor(chosen, formatOf(weight));
  r.dispatch({
    kernel: variant === "software" ? softwareBackwardKernel(parts) : gpuBackwardKernel({ ...parts, tile: variant }),
    tensors: [e.dy, ...weightTensors(weight), ...(fused ? [fused.t, fused.weights.a] : []), e.dx],
    params: linearParams({
      rows,
      outSize: weight.out,
      inSize: weight.in,
      xRow: e.dxRow ?? 0,
      yRow: e.dyRow ?? 0,
      accumulate: e.accumulate ?? 0,
      ...(e.dyStride !== undefined ? { yStride: e.dyStride } : {}),
      ...(fused ? { lora: fused.weights } : {}),
      ...weightParams(weight),
    }),
    workgroups: variant === "software" ? grid(softwareTiles.wide, weight.in, rows) : gpuGrid(variant, weight.in, rows),
    flops: times(rows, 2 * weight.in * (weight.out + (fused ? loraWidth(fused.weights) : 0))),
  });
  if (lora?.dropout) addThroughDropout(r, e, lora.weights, lora.t, lora.dropout);
}

/** dx += mask * (t A) / (1 - rate) */
function addThroughDropout<K extends string>(
  r: Recorder<K>,
  e: LinearBackwardInput<K>,
  weights: LoraWeights,
  t: Tensor,
  mask: LoraDropout<K>,
): void {
  const { rows, weight } = e;
  const a: Weight = { format: "f32", out: loraWidth(weights), in: weight.in, data: weights.a };
  linearBackwardInput(r, { dx: mask.scratch, dy: t, weight: a, rows });
  dropout(r, { ...mask, y: e.dx, x: mask.scratch, size: weight.in, rows, accumulate: true });
}
