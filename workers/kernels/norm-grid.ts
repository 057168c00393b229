/** Workgroups for one row each, folded over x and y (norm.wgsl: rowOf). */
import { ceilDiv, evaluate, type Size } from "../gpu/program.ts";

const FOLD = 32_768;

export const rowGrid = (rows: Size): [Size, Size] => [
  (dims) => Math.min(evaluate(rows, dims), FOLD),
  (dims) => ceilDiv(evaluate(rows, dims), FOLD),
];
