/**
 * Our NF4 products. Forward beside onnxruntime-web's MatMulBnb4 (same bytes) and MatMulNBits (its most tuned 4-bit operator); dX,
 * which has no 4-bit peer, beside jax-js' dense product of the same shape. Also the products of decoding: one row.
 */
import type { Arena, Tensor } from "../workers/gpu/buffers.ts";
import type { Recorder } from "../workers/gpu/program.ts";
import { linearBackwardInput, linearForward } from "../workers/kernels/linear/linear.ts";
import { backwardReference, forwardReference } from "../workers/kernels/linear/reference.ts";
import type { FourBitWeight } from "../workers/kernels/linear/weight.ts";
import { absmaxToF16, dequantise, quantise } from "../workers/weights/nf4/nf4.ts";
import { compare, type Ready, type Rules, relativeError, type Side } from "./measure.ts";
import { bnb4, nBits, type OrtTensors, ortProduct } from "./ort-side.ts";
import { type Bench, buildOwn, ends, newArena, randomArray, readOne, replay } from "./own.ts";
import { jaxDone, loadJax } from "./peers.ts";
import { type Comparison, OURS, OURS_DX } from "./results.ts";

const BLOCK_SIZE = 64;
/** The block size that suits MatMulNBits best. */
const N_BITS_BLOCK_SIZE = 32;

export interface LinearCase {
  rows: number;
  in: number;
  out: number;
  /** Sides beside MatMulBnb4: they cost minutes on a software adapter. */
  nBits?: boolean;
  denseDx?: boolean;
}

interface Problem extends LinearCase {
  weight: FourBitWeight;
  scales: Tensor;
  /** What the weight stands for, [out, in]. */
  values: Float32Array;
  xValues: Float32Array;
  x: Tensor;
}

function problem(arena: Arena, c: LinearCase): Problem {
  const raw = randomArray(c.out * c.in, 1, 0.05);
  const blocks = quantise(raw, { type: "nf4", blockSize: BLOCK_SIZE, roundToF16First: true });
  const xValues = randomArray(c.rows * c.in, 2, 1);
  return {
    ...c,
    weight: {
      format: "nf4",
      out: c.out,
      in: c.in,
      blockSize: BLOCK_SIZE,
      codes: arena.upload("codes", blocks.codes),
      absmax: arena.upload("absmax", absmaxToF16(blocks.absmax)),
      absmaxFormat: "f16",
    },
    // onnxruntime reads them as f32.
    scales: arena.upload("scales", blocks.absmax),
    values: dequantise(blocks, { type: "nf4", blockSize: BLOCK_SIZE, length: raw.length }),
    xValues,
    x: arena.upload("x", xValues),
  };
}

/** Bytes of codes and absmax. */
const weightBytes = (c: LinearCase): number => c.out * c.in * (1 / 2 + 2 / BLOCK_SIZE);

/** A kernel of ours, checked on its first and last row against f64. */
async function own(
  bench: Bench,
  arena: Arena,
  rows: number,
  output: Tensor,
  record: (r: Recorder) => void,
  expected: () => Float64Array,
): Promise<Ready> {
  const program = await buildOwn(bench, arena, record);
  return {
    run: replay(bench, program),
    error: async () => relativeError(ends(await readOne(bench, output), rows), expected()),
    dispose() {},
  };
}

function forwardSides(bench: Bench, arena: Arena, p: Problem, tile: "prefill" | "decode"): Side[] {
  const y = arena.tensor("y", p.rows * p.out);
  const ortY = arena.tensor("ort y", p.rows * p.out);
  const { weight, x, rows } = p;
  const tensors: OrtTensors = { x, codes: weight.codes, scales: p.scales, y: ortY };
  return [
    {
      name: OURS,
      prepare: () =>
        own(
          bench,
          arena,
          rows,
          y,
          (r) => linearForward(r, { y, x, weight, rows, tile }),
          () => forwardReference(ends(p.xValues, rows), p.values, { rows: 2, out: p.out, inSize: p.in }),
        ),
    },
    {
      name: "onnxruntime-web MatMulBnb4",
      prepare: async () => ({
        ...(await ortProduct(bench, bnb4(rows, p.in, p.out, BLOCK_SIZE), tensors)),
        error: async () => relativeError(await readOne(bench, ortY), await readOne(bench, y)),
      }),
    },
  ];
}

function nBitsSide(bench: Bench, arena: Arena, p: Problem): Side {
  return {
    name: "onnxruntime-web MatMulNBits",
    async prepare() {
      const codes = new Uint8Array((p.in * p.out) / 2).map((_, i) => (i * 37) ^ (i >> 7));
      const scales = randomArray((p.in * p.out) / N_BITS_BLOCK_SIZE, 5, 0.01);
      const y = arena.tensor("nbits y", p.rows * p.out);
      const operator = nBits(p.rows, p.in, p.out, N_BITS_BLOCK_SIZE);
      const tensors = { x: p.x, codes: arena.upload("nbits", codes), scales: arena.upload("scales", scales), y };
      const values = Float32Array.from({ length: p.in * p.out }, (_, i) => {
        const code = i % 2 === 0 ? codes[i >> 1]! & 15 : codes[i >> 1]! >> 4;
        return (code - 8) * scales[Math.floor(i / N_BITS_BLOCK_SIZE)]!;
      });
      const expected = forwardReference(ends(p.xValues, p.rows), values, { rows: 2, out: p.out, inSize: p.in });
      return {
        ...(await ortProduct(bench, operator, tensors)),
        error: async () => relativeError(ends(await readOne(bench, y), p.rows), expected),
      };
    },
  };
}

function dxSides(bench: Bench, arena: Arena, p: Problem): Side[] {
  const { weight, rows } = p;
  const dyValues = randomArray(rows * p.out, 3, 1);
  const dy = arena.upload("dy", dyValues);
  const dx = arena.tensor("dx", rows * p.in);
  const sides: Side[] = [
    {
      name: OURS_DX,
      prepare: () =>
        own(
          bench,
          arena,
          rows,
          dx,
          (r) => linearBackwardInput(r, { dx, dy, weight, rows }),
          () => backwardReference(ends(dyValues, rows), p.values, { rows: 2, out: p.out, inSize: p.in }),
        ),
    },
  ];
  if (p.denseDx) {
    sides.push({
      name: "jax-js dense dX",
      async prepare() {
        const jax = await loadJax();
        const np = jax.numpy;
        const [a, b] = [np.array(dyValues, { shape: [rows, p.out] }), np.array(p.values, { shape: [p.out, p.in] })];
        await jax.blockUntilReady([a, b]);
        const product = (): InstanceType<typeof jax.Array> => np.matmul(a.ref, b.ref);
        return {
          run: (times) => jaxDone(jax, Array.from({ length: times }, product)),
          error: async () => relativeError((await product().data()) as Float32Array, await readOne(bench, dx)),
          dispose: () => [a, b].map((array) => array.dispose()),
        };
      },
    });
  }
  return sides;
}

async function measured(
  bench: Bench,
  c: LinearCase,
  rules: Rules,
  section: Comparison["section"],
  label: string,
  sides: (arena: Arena, p: Problem) => Side[],
): Promise<Comparison> {
  const arena = newArena(bench);
  try {
    const result = await compare(sides(arena, problem(arena, c)), rules);
    return { section, label, flops: 2 * c.rows * c.in * c.out, weightBytes: weightBytes(c), ...result };
  } finally {
    arena.dispose();
  }
}

export const compareLinear = (bench: Bench, c: LinearCase, rules: Rules): Promise<Comparison> =>
  measured(bench, c, rules, "NF4 linear", `${c.rows} rows, ${c.in} → ${c.out}`, (arena, p) => [
    ...forwardSides(bench, arena, p, "prefill"),
    ...(c.nBits ? [nBitsSide(bench, arena, p)] : []),
    ...dxSides(bench, arena, p),
  ]);

/** One row through the kernels of decoding. */
export const compareDecode = (bench: Bench, c: LinearCase, rules: Rules): Promise<Comparison> =>
  measured(bench, c, rules, "decode", `1 row, ${c.in} → ${c.out}`, (arena, p) =>
    forwardSides(bench, arena, p, "decode"),
  );
