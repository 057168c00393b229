/** RMSNorm, also of rows that an index picks and of heads, and LayerNorm. */
import type { Uploads } from "../../gpu/buffers.ts";
import { randomArray } from "../../gpu/numbers.ts";
import type { Recorder } from "../../gpu/program.ts";
import { headNormBackward, headNormForward } from "../../kernels/norm/head-norm.ts";
import { layerNormBackward, layerNormForward } from "../../kernels/norm/layer-norm.ts";
import {
  headNormReference,
  headNormReferenceBackward,
  layerNormReference,
  layerNormReferenceBackward,
  rmsNormReference,
  rmsNormReferenceBackward,
} from "../../kernels/norm/reference.ts";
import { rmsNormBackward, rmsNormForward } from "../../kernels/norm/rms-norm.ts";
import type { Output } from "./case.ts";

export function rmsNorm(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, size, eps] = [7, 65, 1e-5];
  const [xHost, dyHost, weightHost] = [
    randomArray(rows * size, 1, 3),
    randomArray(rows * size, 2),
    randomArray(size, 3),
  ];
  const shared = { x: arena.upload("x", xHost), weight: arena.upload("w", weightHost), size, rows };
  const [y, rstd, dx] = [arena.tensor("y", rows * size), arena.tensor("rstd", rows), arena.tensor("dx", rows * size)];
  rmsNormForward(r, { ...shared, y, rstd, eps });
  rmsNormBackward(r, { ...shared, dx, dy: arena.upload("dy", dyHost), rstd, accumulate: 0 });
  return [
    { name: "y", tensor: y, expected: rmsNormReference(xHost, weightHost, rows, eps).y },
    { name: "dx", tensor: dx, expected: rmsNormReferenceBackward(dyHost, xHost, weightHost, rows, eps) },
  ];
}

/** The label rows of a batch: gathered on the way in, scattered on the way back, other rows untouched. */
export function rmsNormOfRows(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, size, eps] = [6, 65, 1e-5];
  const index = Uint32Array.of(4, 0, 3);
  const [xHost, dyHost] = [randomArray(rows * size, 1, 3), randomArray(index.length * size, 2)];
  const [weightHost, ontoHost] = [randomArray(size, 3), randomArray(rows * size, 4)];
  const [gather, weight] = [arena.upload("index", index), arena.upload("w", weightHost)];
  const shared = { x: arena.upload("x", xHost), weight, size, rows: index.length };
  const [y, rstd] = [arena.tensor("y", index.length * size), arena.tensor("rstd", index.length)];
  const dx = arena.upload("dx", ontoHost);
  rmsNormForward(r, { ...shared, y, rstd, eps, gather });
  rmsNormBackward(r, { ...shared, dx, dy: arena.upload("dy", dyHost), rstd, accumulate: 1, scatter: gather });
  const picked = Float32Array.from([...index].flatMap((from) => [...xHost.subarray(from * size, (from + 1) * size)]));
  const gradient = rmsNormReferenceBackward(dyHost, picked, weightHost, index.length, eps);
  const expected = Float64Array.from(ontoHost);
  gradient.forEach((v, i) => {
    expected[index[Math.floor(i / size)]! * size + (i % size)]! += v;
  });
  return [
    { name: "y", tensor: y, expected: rmsNormReference(picked, weightHost, index.length, eps).y },
    { name: "dx", tensor: dx, expected },
  ];
}

export function layerNorm(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, size, eps] = [5, 67, 1e-5];
  const [xHost, dyHost] = [randomArray(rows * size, 1, 3), randomArray(rows * size, 4)];
  const [weightHost, biasHost] = [randomArray(size, 2), randomArray(size, 3)];
  const [mean, rstd] = [arena.tensor("mean", rows), arena.tensor("rstd", rows)];
  const shared = { x: arena.upload("x", xHost), weight: arena.upload("w", weightHost), mean, rstd, size, rows };
  const [y, dx] = [arena.tensor("y", rows * size), arena.tensor("dx", rows * size)];
  layerNormForward(r, { ...shared, y, bias: arena.upload("b", biasHost), eps });
  layerNormBackward(r, { ...shared, dx, dy: arena.upload("dy", dyHost), accumulate: 0 });
  return [
    { name: "y", tensor: y, expected: layerNormReference(xHost, weightHost, biasHost, rows, eps).y },
    { name: "dx", tensor: dx, expected: layerNormReferenceBackward(dyHost, xHost, weightHost, rows, eps) },
  ];
}

/** Of each query and key head, in front of RoPE. */
export function headNorm(r: Recorder<never>, arena: Uploads): Output[] {
  const shape = { heads: 3, kvHeads: 2, headSize: 35, rows: 4 };
  const eps = 1e-6;
  const length = shape.rows * (shape.heads + 2 * shape.kvHeads) * shape.headSize;
  const [xHost, dyHost] = [randomArray(length, 1, 3), randomArray(length, 2)];
  const [queryHost, keyHost] = [randomArray(shape.headSize, 3), randomArray(shape.headSize, 4)];
  const op = {
    ...{ ...shape, eps, x: arena.upload("x", xHost) },
    ...{ queryWeight: arena.upload("q", queryHost), keyWeight: arena.upload("k", keyHost) },
  };
  const [y, dQkv] = [arena.tensor("y", length), arena.upload("dQkv", dyHost)];
  headNormForward(r, { ...op, y });
  headNormBackward(r, { ...op, dQkv });
  return [
    { name: "y", tensor: y, expected: headNormReference(xHost, queryHost, keyHost, shape, eps) },
    { name: "dx", tensor: dQkv, expected: headNormReferenceBackward(dyHost, xHost, queryHost, keyHost, shape, eps) },
  ];
}
