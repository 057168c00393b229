/** The linear family: 4-bit and dense weights, LoRA with and without dropout, dW. */
import type { Uploads } from "../../gpu/buffers.ts";
import { randomArray } from "../../gpu/numbers.ts";
import type { Recorder } from "../../gpu/program.ts";
import { dropoutFactor } from "../../kernels/dropout/reference.ts";
import { linearBackwardInput, linearForward } from "../../kernels/linear/linear.ts";
import { loraGradients } from "../../kernels/linear/lora.ts";
import {
  backwardReference,
  forwardReference,
  gradientLowRankReference,
  loraGradientsReference,
  type ReferenceLora,
} from "../../kernels/linear/reference.ts";
import { linearWeightGradient } from "../../kernels/linear/weight-gradient.ts";
import { fourBit, halves, type Output } from "./case.ts";

/** Odd in every direction: a tile is cut at its last rows, its last columns and the end of K, and holds borders of groups. */
export function fourBitLinear(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, out, inSize, rank, groupStarts] = [37, 76, 72, 5, [0, 20, 28]];
  const { weight, values } = fourBit(arena, out, inSize);
  const width = groupStarts.length * rank;
  const [aHost, bHost] = [randomArray(width * inSize, 3), randomArray(out * rank, 4)];
  const reference: ReferenceLora = { rank, scale: 0.25, groupStarts, a: aHost, b: bHost };
  const weights = { rank, scale: 0.25, groupStarts, a: arena.upload("a", aHost), b: arena.upload("b", bHost) };
  const [xHost, dyHost, sideHost] = [
    randomArray(rows * inSize, 5),
    randomArray(rows * out, 6),
    randomArray(rows * out, 7),
  ];
  const [x, dy, residual] = [arena.upload("x", xHost), arena.upload("dy", dyHost), arena.upload("r", sideHost)];
  const [y, dx] = [arena.tensor("y", rows * out), arena.tensor("dx", rows * inSize)];
  const [xa, t] = [arena.tensor("xa", rows * width), arena.tensor("t", rows * width)];
  const [dA, dB] = [arena.tensor("dA", width * inSize), arena.tensor("dB", out * rank)];
  linearForward(r, { y, x, weight, lora: { weights, xa }, residual, rows });
  linearBackwardInput(r, { dx, dy, weight, lora: { weights, t }, rows });
  loraGradients(r, { dA, dB, x, dy, xa, t, weights, accumulate: 0, rows });
  const gradients = loraGradientsReference(xHost, dyHost, { rows, out, inSize, lora: reference });
  const product = forwardReference(xHost, values, { rows, out, inSize, lora: reference });
  return [
    { name: "y", tensor: y, expected: product.map((v, i) => v + sideHost[i]!) },
    { name: "dx", tensor: dx, expected: backwardReference(dyHost, values, { rows, out, inSize, lora: reference }) },
    { name: "dA", tensor: dA, expected: gradients.dA },
    { name: "dB", tensor: dB, expected: gradients.dB },
  ];
}

export function halfLinear(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, out, inSize] = [35, 68, 20];
  const { words, values } = halves(out * inSize, 1);
  const weight = { format: "f16", out, in: inSize, data: arena.upload("w", words) } as const;
  const [xHost, dyHost, biasHost] = [randomArray(rows * inSize, 2), randomArray(rows * out, 3), randomArray(out, 4)];
  const [y, dx] = [arena.tensor("y", rows * out), arena.tensor("dx", rows * inSize)];
  linearForward(r, { y, x: arena.upload("x", xHost), weight, bias: arena.upload("bias", biasHost), rows });
  linearBackwardInput(r, { dx, dy: arena.upload("dy", dyHost), weight, rows });
  return [
    { name: "y", tensor: y, expected: forwardReference(xHost, values, { rows, out, inSize, bias: biasHost }) },
    { name: "dx", tensor: dx, expected: backwardReference(dyHost, values, { rows, out, inSize }) },
  ];
}

/** LoRA's input and the way back through one mask, which is found again from its counters. */
export function loraDropout(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, out, inSize, rank] = [5, 12, 24, 4];
  const mask = { rate: 0.3, seed: 42, site: 7, step: 3 };
  const { weight, values } = fourBit(arena, out, inSize);
  const [aHost, bHost] = [randomArray(rank * inSize, 3), randomArray(out * rank, 4)];
  const reference: ReferenceLora = { rank, scale: 0.5, groupStarts: [0], a: aHost, b: bHost };
  const weights = { ...reference, a: arena.upload("a", aHost), b: arena.upload("b", bHost) };
  const [xHost, dyHost] = [randomArray(rows * inSize, 5), randomArray(rows * out, 6)];
  const [x, dy] = [arena.upload("x", xHost), arena.upload("dy", dyHost)];
  const dropout = { ...mask, firstRow: 2, scratch: arena.tensor("scratch", rows * inSize) };
  const [y, dx] = [arena.tensor("y", rows * out), arena.tensor("dx", rows * inSize)];
  const [xa, t] = [arena.tensor("xa", rows * rank), arena.tensor("t", rows * rank)];
  const [dA, dB] = [arena.tensor("dA", rank * inSize), arena.tensor("dB", out * rank)];
  linearForward(r, { y, x, weight, lora: { weights, xa, dropout }, residual: dy, rows });
  linearBackwardInput(r, { dx, dy, weight, lora: { weights, t, dropout }, rows });
  loraGradients(r, { dA, dB, x, dy, xa, t, weights, dropout, accumulate: 0, rows });
  const factor = (i: number): number => dropoutFactor(mask, inSize, 2 + Math.floor(i / inSize), i % inSize);
  const dropped = xHost.map((v, i) => v * factor(i));
  const low = forwardReference(dropped, new Float32Array(out * inSize), { rows, out, inSize, lora: reference });
  const tHost = gradientLowRankReference(dyHost, reference, rows, out);
  const back = backwardReference(tHost, aHost, { rows, out: rank, inSize });
  const gradients = loraGradientsReference(dropped, dyHost, { rows, out, inSize, lora: reference });
  const sum = (a: Float64Array, b: ArrayLike<number>): Float64Array => a.map((v, i) => v + b[i]!);
  const product = forwardReference(xHost, values, { rows, out, inSize });
  return [
    { name: "y", tensor: y, expected: sum(sum(product, low), dyHost) },
    {
      name: "dx",
      tensor: dx,
      expected: sum(
        backwardReference(dyHost, values, { rows, out, inSize }),
        back.map((v, i) => v * factor(i)),
      ),
    },
    { name: "dA", tensor: dA, expected: gradients.dA },
    { name: "dB", tensor: dB, expected: gradients.dB },
  ];
}

/** dW and db of a linear that is trained in full, added to what is there. */
export function weightGradient(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, out, inSize] = [7, 9, 20];
  const [dyHost, xHost] = [randomArray(rows * out, 1), randomArray(rows * inSize, 2)];
  const [ontoW, ontoB] = [randomArray(out * inSize, 3), randomArray(out, 4)];
  const shared = { dy: arena.upload("dy", dyHost), x: arena.upload("x", xHost), out, in: inSize, rows };
  const [dW, db] = [arena.upload("dW", ontoW), arena.upload("db", ontoB)];
  linearWeightGradient(r, { ...shared, dW, db, accumulate: 1 });
  const [weight, bias] = [Float64Array.from(ontoW), Float64Array.from(ontoB)];
  for (let m = 0; m < rows; m++)
    for (let n = 0; n < out; n++) {
      const d = dyHost[m * out + n]!;
      bias[n]! += d;
      for (let k = 0; k < inSize; k++) weight[n * inSize + k]! += d * xHost[m * inSize + k]!;
    }
  return [
    { name: "dW", tensor: dW, expected: weight },
    { name: "db", tensor: db, expected: bias },
  ];
}
