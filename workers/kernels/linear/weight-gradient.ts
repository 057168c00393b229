/**
 * dW = dyᵀ x and db = sum of dy, for the few linears that are trained in full beside LoRA. Rows are summed in order by one thread an
 * element, so the result does not depend on the device's scheduling.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import { ceilDiv, type Recorder, type Size } from "../../gpu/program.ts";
import { times } from "./common.wgsl.ts";
import { TILE, WORKGROUP, withBias, withoutBias } from "./weight-gradient.wgsl.ts";

export interface LinearWeightGradient<K extends string = string> {
  /** [out, in] */
  dW: Tensor;
  /** [out]; none for a linear without a bias. */
  db?: Tensor | undefined;
  /** [rows, out] */
  dy: Tensor;
  /** [rows, in] */
  x: Tensor;
  out: number;
  /** A multiple of 4. */
  in: number;
  /** 0 overwrites, 1 adds. */
  accumulate: Size<K>;
  rows: Size<K>;
}

/** dW (+)= dyᵀ x and db (+)= the column sums of dy. */
export function linearWeightGradient<K extends string>(r: Recorder<K>, e: LinearWeightGradient<K>): void {
  const { dW, db, dy, x, rows, accumulate } = e;
  const { out: outSize, in: inSize } = e;
  if (inSize % 4 !== 0) throw new Error(`dW of ${inSize} inputs`);
  r.dispatch({
    kernel: db ? withBias : withoutBias,
    tensors: db ? [dy, x, dW, db] : [dy, x, dW],
    params: [rows, outSize, inSize, accumulate],
    workgroups: [ceilDiv(inSize, TILE.inputs * WORKGROUP), ceilDiv(outSize, TILE.outputs)],
    flops: times(rows, 2 * outSize * inSize),
  });
}
