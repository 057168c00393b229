/**
 * What the self-test runs: every op of training, forward and backward, on small odd shapes, each beside what plain f64 loops give.
 * Drivers differ in fast maths, fused multiply-add, zeroing of workgroup memory and subgroup sizes, and none can be tried but here.
 */
import type { Arena, Tensor } from "../gpu/buffers.ts";
import { random, randomArray } from "../gpu/numbers.ts";
import type { Recorder } from "../gpu/program.ts";
import type { LinearVariant, Variants } from "../gpu/variants.ts";
import { adamw } from "../kernels/adamw.ts";
import { adamwReference } from "../kernels/adamw-reference.ts";
import { attentionBackward, attentionForward } from "../kernels/attention.ts";
import { attentionReference, attentionReferenceBackward } from "../kernels/attention-reference.ts";
import { crossEntropy } from "../kernels/cross-entropy.ts";
import { crossEntropyReference } from "../kernels/cross-entropy-reference.ts";
import { geluReference } from "../kernels/elementwise-reference.ts";
import { embeddingForward } from "../kernels/embedding.ts";
import { geluForward } from "../kernels/gelu.ts";
import { gradNorm, gradNormPartials } from "../kernels/grad-norm.ts";
import { layerNormForward } from "../kernels/layer-norm.ts";
import { linearBackwardInput, linearForward } from "../kernels/linear.ts";
import {
  backwardReference,
  decodeReference,
  forwardReference,
  loraGradientsReference,
  type ReferenceLora,
} from "../kernels/linear-reference.ts";
import { loraGradients } from "../kernels/lora.ts";
import { layerNormReference, rmsNormReference, rmsNormReferenceBackward } from "../kernels/norm-reference.ts";
import { rmsNormBackward, rmsNormForward } from "../kernels/rms-norm.ts";
import { ropeBackward, ropeForward, ropeTable } from "../kernels/rope.ts";
import { forcedVariants } from "../kernels/select.ts";
import { swigluBackward, swigluForward } from "../kernels/swiglu.ts";
import type { FourBitWeight } from "../kernels/weight.ts";

/** What an op left, and what it should have. */
export interface Output {
  name: string;
  tensor: Tensor;
  expected: ArrayLike<number>;
}

export interface SelfTestCase {
  op: string;
  /** Kernels that the case is recorded with. */
  variants: Variants;
  /** Uploads the inputs, records the op, and says what must come out. */
  record(r: Recorder, arena: Arena): Output[];
}

/** Column counts of real models' products: what they are recorded with is what must be tried. */
const REAL_COLUMNS = [8, 64, 192, 512, 1024, 2048, 2560, 4096, 11264, 22016, 32064];

/** The different linear kernels that these variants choose from. */
export function linearVariantsOf(variants: Variants): LinearVariant[] {
  const found = REAL_COLUMNS.flatMap((columns) =>
    (["forward", "backward"] as const).map((direction) => variants.linear({ direction, columns, depth: 2048 })),
  );
  return [...new Set(found)];
}

/**
 * All cases for an adapter's kernels: what `variants` chooses, and the tiles that the tuner may choose instead. Attention's kernels are
 * made for one head size, the model's.
 */
export function selfTestCases(variants: Variants, headSize: number, tiles: LinearVariant[] = []): SelfTestCase[] {
  const linear = [...new Set([...linearVariantsOf(variants), ...tiles])].flatMap((variant) => linearCases(variant));
  const others: [string, SelfTestCase["record"]][] = [
    ["attention", (r, arena) => attention(r, arena, headSize)],
    ["RMSNorm", rmsNorm],
    ["rotary embedding", rope],
    ["SwiGLU", swiglu],
    ["token embedding", embedding],
    ["cross-entropy", lossAndGradient],
    ["gradient norm and AdamW", optimizer],
    ["LayerNorm and GELU", visionOps],
  ];
  return [...linear, ...others.map(([op, record]) => ({ op, variants, record }))];
}

function linearCases(variant: LinearVariant): SelfTestCase[] {
  const variants = forcedVariants(variant, "register");
  return [
    { op: `4-bit linear with LoRA (${variant})`, variants, record: fourBitLinear },
    { op: `f16 linear (${variant})`, variants, record: halfLinear },
  ];
}

/** Odd in every direction: a tile is cut at its last rows, its last columns and the end of K, and holds borders of groups. */
function fourBitLinear(r: Recorder, arena: Arena): Output[] {
  const [rows, out, inSize, rank, groupStarts] = [37, 76, 72, 5, [0, 20, 28]];
  const next = random(1);
  const codes = Uint8Array.from({ length: (out * inSize) / 2 }, () => next() * 256);
  const absmax = Float32Array.from({ length: Math.ceil((out * inSize) / 64) }, () => 0.02 + next());
  const weight: FourBitWeight = {
    format: "nf4",
    out,
    in: inSize,
    blockSize: 64,
    codes: arena.upload("codes", codes),
    absmax: arena.upload("absmax", absmax),
  };
  const values = decodeReference("nf4", codes, absmax, 64);
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
  const gradients = loraGradientsReference(xHost, dyHost, rows, out, inSize, reference);
  return [
    {
      name: "y",
      tensor: y,
      expected: forwardReference(xHost, values, rows, out, inSize, reference).map((v, i) => v + sideHost[i]!),
    },
    { name: "dx", tensor: dx, expected: backwardReference(dyHost, values, rows, out, inSize, reference) },
    { name: "dA", tensor: dA, expected: gradients.dA },
    { name: "dB", tensor: dB, expected: gradients.dB },
  ];
}

/** f16 words of small multiples of 1/8, and their values. */
function halves(count: number, seed: number): { words: Uint16Array; values: Float32Array } {
  const next = random(seed);
  const words = new Uint16Array(count);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    // Exponent 2^-3 … 2^0 and all ten bits of fraction.
    const [sign, exponent, fraction] = [next() < 0.5 ? 1 : 0, 12 + Math.floor(next() * 4), Math.floor(next() * 1024)];
    words[i] = (sign << 15) | (exponent << 10) | fraction;
    values[i] = (sign ? -1 : 1) * 2 ** (exponent - 15) * (1 + fraction / 1024);
  }
  return { words, values };
}

function halfLinear(r: Recorder, arena: Arena): Output[] {
  const [rows, out, inSize] = [35, 68, 20];
  const { words, values } = halves(out * inSize, 1);
  const weight = { format: "f16", out, in: inSize, data: arena.upload("w", words) } as const;
  const [xHost, dyHost, biasHost] = [randomArray(rows * inSize, 2), randomArray(rows * out, 3), randomArray(out, 4)];
  const [y, dx] = [arena.tensor("y", rows * out), arena.tensor("dx", rows * inSize)];
  linearForward(r, { y, x: arena.upload("x", xHost), weight, bias: arena.upload("bias", biasHost), rows });
  linearBackwardInput(r, { dx, dy: arena.upload("dy", dyHost), weight, rows });
  return [
    {
      name: "y",
      tensor: y,
      expected: forwardReference(xHost, values, rows, out, inSize, undefined, biasHost),
    },
    { name: "dx", tensor: dx, expected: backwardReference(dyHost, values, rows, out, inSize) },
  ];
}

function attention(r: Recorder, arena: Arena, headSize: number): Output[] {
  const shape = { heads: 4, kvHeads: 2, headSize, causal: true };
  const lengths = [5, 1, 33];
  const rows = 39;
  const starts = Uint32Array.from(
    lengths.flatMap((n, i) => Array(n).fill(lengths.slice(0, i).reduce((a, b) => a + b, 0))),
  );
  const ends = Uint32Array.from(starts, (start) => start + lengths[start === 0 ? 0 : start === 5 ? 1 : 2]!);
  const width = (shape.heads + 2 * shape.kvHeads) * shape.headSize;
  const [qkvHost, dOutHost] = [randomArray(rows * width, 1, 2), randomArray(rows * shape.heads * shape.headSize, 2)];
  const [out, lse] = [arena.tensor("out", dOutHost.length), arena.tensor("lse", rows * shape.heads)];
  const [delta, dQkv] = [arena.tensor("delta", rows * shape.heads), arena.tensor("dQkv", qkvHost.length)];
  const shared = {
    ...shape,
    out,
    lse,
    qkv: arena.upload("qkv", qkvHost),
    starts: arena.upload("starts", starts),
    ends: arena.upload("ends", ends),
    rows,
  };
  attentionForward(r, shared);
  attentionBackward(r, { ...shared, dQkv, dOut: arena.upload("dOut", dOutHost), delta });
  const reference = { ...shape, starts, ends, rows };
  const expected = attentionReference(qkvHost, reference);
  return [
    { name: "out", tensor: out, expected: expected.out },
    { name: "log-sum-exp", tensor: lse, expected: expected.lse },
    { name: "dQkv", tensor: dQkv, expected: attentionReferenceBackward(qkvHost, dOutHost, reference) },
  ];
}

function rmsNorm(r: Recorder, arena: Arena): Output[] {
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

/** Forward against the formula; forward and back again against the input. */
function rope(r: Recorder, arena: Arena): Output[] {
  const [rows, heads, kvHeads, headSize] = [5, 3, 1, 10];
  const half = headSize / 2;
  const width = (heads + 2 * kvHeads) * headSize;
  const host = randomArray(rows * width, 1);
  const tableHost = ropeTable(301, headSize, 10000);
  const shape = {
    positions: arena.upload("positions", Uint32Array.of(0, 1, 300, 7, 2)),
    table: arena.upload("table", tableHost),
    heads,
    kvHeads,
    headSize,
    rows,
  };
  const [once, there] = [arena.upload("once", host), arena.upload("there and back", host)];
  ropeForward(r, { ...shape, qkv: once });
  ropeForward(r, { ...shape, qkv: there });
  ropeBackward(r, { ...shape, qkv: there });
  const expected = Float64Array.from(host);
  [0, 1, 300, 7, 2].forEach((position, row) => {
    for (let head = 0; head < heads + kvHeads; head++)
      for (let i = 0; i < half; i++) {
        const at = row * width + head * headSize + i;
        const [cosine, sine] = [tableHost[(position * half + i) * 2]!, tableHost[(position * half + i) * 2 + 1]!];
        expected[at] = host[at]! * cosine - host[at + half]! * sine;
        expected[at + half] = host[at + half]! * cosine + host[at]! * sine;
      }
  });
  return [
    { name: "rotated", tensor: once, expected },
    { name: "rotated and back", tensor: there, expected: host },
  ];
}

function swiglu(r: Recorder, arena: Arena): Output[] {
  const [rows, size] = [3, 67];
  const [host, dyHost] = [randomArray(rows * 2 * size, 1, 20), randomArray(rows * size, 2)];
  const gateUp = arena.upload("gate up", host);
  const [y, dGateUp] = [arena.tensor("y", rows * size), arena.tensor("dGateUp", host.length)];
  swigluForward(r, { y, gateUp, size, rows });
  swigluBackward(r, { dGateUp, dy: arena.upload("dy", dyHost), gateUp, size, rows });
  const expected = new Float64Array(rows * size);
  const gradient = new Float64Array(host.length);
  for (let i = 0; i < rows * size; i++) {
    const at = i + Math.floor(i / size) * size;
    const [gate, up] = [host[at]!, host[at + size]!];
    const s = 1 / (1 + Math.exp(-gate));
    expected[i] = gate * s * up;
    gradient[at] = dyHost[i]! * up * s * (1 + gate * (1 - s));
    gradient[at + size] = dyHost[i]! * gate * s;
  }
  return [
    { name: "y", tensor: y, expected },
    { name: "dGateUp", tensor: dGateUp, expected: gradient },
  ];
}

function embedding(r: Recorder, arena: Arena): Output[] {
  const [rows, size, vocab] = [9, 10, 13];
  const { words, values } = halves(vocab * size, 1);
  const features = randomArray(3 * size, 2);
  const ids = Uint32Array.from({ length: rows }, (_, m) => (m * 5) % vocab);
  const slots = Int32Array.from({ length: rows }, (_, m) => (m >= 1 && m <= 3 ? 3 - m : -1));
  const y = arena.tensor("y", rows * size);
  embeddingForward(r, {
    y,
    ids: arena.upload("ids", ids),
    table: { format: "f16", out: vocab, in: size, data: arena.upload("table", words) },
    imageFeatures: arena.upload("features", features),
    imageSlots: arena.upload("slots", slots),
    size,
    rows,
  });
  const expected = Array.from({ length: rows * size }, (_, i) => {
    const row = Math.floor(i / size);
    const slot = slots[row]!;
    return slot < 0 ? values[ids[row]! * size + (i % size)]! : features[slot * size + (i % size)]!;
  });
  return [{ name: "y", tensor: y, expected }];
}

function lossAndGradient(r: Recorder, arena: Arena): Output[] {
  const [rows, vocab, ld] = [3, 301, 304];
  const host = randomArray(rows * ld, 1, 30);
  const targets = Uint32Array.of(0, 300, 17);
  const [logits, nll] = [arena.upload("logits", host), arena.tensor("nll", rows)];
  const gradScale = 1 / 7;
  crossEntropy(r, {
    logits,
    targets: arena.upload("targets", targets),
    nll,
    vocab,
    ld,
    rows,
    nllRow: 0,
    gradScale,
    mode: "gradient",
  });
  const expected = crossEntropyReference(host, targets, { vocab, ld, gradScale });
  return [
    { name: "loss", tensor: nll, expected: expected.nll },
    { name: "gradient", tensor: logits, expected: expected.gradient },
  ];
}

function optimizer(r: Recorder, arena: Arena): Output[] {
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
  const scalars = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 };
  adamw(r, {
    ...scalars,
    param,
    grad,
    m,
    v,
    count,
    clip: norm,
    biasCorrection1: 1 - 0.9,
    biasCorrection2Sqrt: Math.sqrt(1 - 0.999),
  });
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

function visionOps(r: Recorder, arena: Arena): Output[] {
  const [rows, size, eps] = [5, 67, 1e-5];
  const [xHost, weight, bias] = [randomArray(rows * size, 1, 3), randomArray(size, 2), randomArray(size, 3)];
  const x = arena.upload("x", xHost);
  const [y, gelu] = [arena.tensor("y", rows * size), arena.tensor("gelu", rows * size)];
  layerNormForward(r, {
    y,
    x,
    weight: arena.upload("w", weight),
    bias: arena.upload("b", bias),
    mean: arena.tensor("mean", rows),
    rstd: arena.tensor("rstd", rows),
    size,
    eps,
    rows,
  });
  geluForward(r, { y: gelu, x, count: rows * size, kind: "quick_gelu" });
  return [
    { name: "LayerNorm", tensor: y, expected: layerNormReference(xHost, weight, bias, rows, eps).y },
    { name: "GELU", tensor: gelu, expected: [...xHost].map((v) => geluReference(v, "quick_gelu")) },
  ];
}
