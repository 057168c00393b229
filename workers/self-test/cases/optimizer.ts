/** The norm of all gradients, AdamW, and AdamW with moments of 8 bits. */
import type { Uploads } from "../../gpu/buffers.ts";
import { random, randomArray } from "../../gpu/numbers.ts";
import type { Recorder } from "../../gpu/program.ts";
import { adamw } from "../../kernels/optimizer/adamw.ts";
import { adamw8bit, moment8Words, momentMaps } from "../../kernels/optimizer/adamw-8bit.ts";
import { adamwReference } from "../../kernels/optimizer/adamw-reference.ts";
import { gradNorm, gradNormPartials } from "../../kernels/optimizer/grad-norm.ts";
import { dynamicMap, unsignedDynamicMap } from "../../weights/nf4/tables.ts";
import type { Output } from "./case.ts";

const scalars = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 };
const correction = { biasCorrection1: 1 - 0.9, biasCorrection2Sqrt: Math.sqrt(1 - 0.999) };

export function normAndAdamW(r: Recorder<never>, arena: Uploads): Output[] {
  const count = 1031;
  const [paramHost, gradHost] = [randomArray(count, 1), randomArray(count, 2)];
  const [param, grad] = [arena.upload("param", paramHost), arena.upload("grad", gradHost)];
  const [m, v, norm] = [arena.tensor("m", count), arena.tensor("v", count), arena.tensor("norm", 4)];
  gradNorm(r, {
    partials: arena.tensor("partials", gradNormPartials([count])),
    gradients: [grad],
    out: norm,
    maxNorm: 1,
  });
  adamw(r, { ...scalars, ...correction, param, grad, m, v, count, clip: norm });
  const length = Math.hypot(...gradHost);
  const clip = 1 / (length + 1e-6);
  const state = { param: [...paramHost], m: Array(count).fill(0) as number[], v: Array(count).fill(0) as number[] };
  adamwReference(state, gradHost, { ...scalars, t: 1, clip });
  return [
    { name: "norm", tensor: norm, expected: [length, clip, 0, 0] },
    { name: "parameters", tensor: param, expected: state.param },
    { name: "first moments", tensor: m, expected: state.m },
    { name: "second moments", tensor: v, expected: state.v },
  ];
}

/** Distance from x to the nearest border between two codes, as a share of the gap that x lies in. */
function clearance(map: Float32Array, x: number): number {
  const above = Math.max(
    1,
    map.findIndex((v) => v >= x),
  );
  const gap = map[above]! - map[above - 1]!;
  return Math.abs((x - map[above - 1]!) / gap - 0.5);
}

/**
 * The first step of values whose moments lie far from every border between codes: rounding, which drivers do not share, cannot move them
 * to a neighbour. Two blocks, the second of them short; the first element of each is its largest.
 */
export function adamw8(r: Recorder<never>, arena: Uploads): Output[] {
  const count = 301;
  const next = random(3);
  const clear = [...dynamicMap].filter((v) => v !== 0 && clearance(unsignedDynamicMap, v * v) > 0.1);
  const gradHost = Float32Array.from({ length: count }, (_, i) =>
    i % 256 === 0 ? 0.5 : 0.5 * clear[Math.floor(next() * clear.length)]!,
  );
  const paramHost = randomArray(count, 4);
  const words = moment8Words(count);
  const [param, grad] = [arena.upload("param", paramHost), arena.upload("grad", gradHost)];
  const [mCodes, vCodes] = [arena.tensor("m", words.codes), arena.tensor("v", words.codes)];
  const absmax = arena.tensor("absmax", words.absmax);
  const clip = arena.upload("clip coefficient", Float32Array.of(1, 1, 0, 0));
  const maps = arena.upload("maps", momentMaps());
  adamw8bit(r, { ...scalars, ...correction, param, grad, mCodes, vCodes, absmax, maps, count, clip });
  const state = { param: [...paramHost], m: Array(count).fill(0) as number[], v: Array(count).fill(0) as number[] };
  adamwReference(state, gradHost, { ...scalars, t: 1, clip: 1 });
  const nearest = (map: Float32Array, x: number): number =>
    map.reduce((best, v) => (Math.abs(v - x) < Math.abs(best - x) ? v : best));
  const values =
    (map: Float32Array) =>
    (codes: Float32Array): number[] =>
      [...new Uint8Array(codes.buffer, codes.byteOffset, count)].map((code) => map[code]!);
  const largest = (moments: number[]): [number, number] => [moments[0]!, moments[256]!];
  const [mTop, vTop] = [largest(state.m), largest(state.v)];
  return [
    { name: "parameters", tensor: param, expected: state.param },
    { name: "scales", tensor: absmax, expected: [mTop[0], vTop[0], mTop[1], vTop[1]] },
    {
      name: "first moments",
      tensor: mCodes,
      expected: state.m.map((v, i) => nearest(dynamicMap, v / mTop[i >> 8]!)),
      read: values(dynamicMap),
    },
    {
      name: "second moments",
      tensor: vCodes,
      expected: state.v.map((v, i) => nearest(unsignedDynamicMap, v / vTop[i >> 8]!)),
      read: values(unsignedDynamicMap),
    },
  ];
}
