import { expect, test } from "vitest";
import { type Dims, Recorder } from "../../gpu/program.ts";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { type AttentionTile, attentionBackward, attentionForward } from "./attention.ts";
import { type AttentionCase, attentionReference, attentionReferenceBackward } from "./reference.ts";

/** Row borders of sequences of these lengths, laid one after the other. */
function packed(lengths: number[]): { starts: Uint32Array; ends: Uint32Array } {
  const starts: number[] = [];
  const ends: number[] = [];
  for (const length of lengths) {
    const start = starts.length;
    for (let i = 0; i < length; i++) {
      starts.push(start);
      ends.push(start + length);
    }
  }
  return { starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}

interface Shape {
  lengths: number[];
  heads: number;
  kvHeads: number;
  headSize: number;
  causal: boolean;
  scale?: number;
}

async function setup(shape: Shape, past = 0) {
  const { starts, ends } = packed(shape.lengths);
  const { lengths: _, ...rest } = shape;
  const width = (shape.heads + 2 * shape.kvHeads) * shape.headSize;
  const rows = starts.length - past;
  const data = {
    qkv: randomArray(starts.length * width, 1, 2),
    dOut: randomArray(rows * shape.heads * shape.headSize, 2),
  };
  const bench = await testBench();
  const { arena } = bench;
  const tensors = {
    qkv: arena.upload("qkv", data.qkv),
    dOut: arena.upload("dOut", data.dOut),
    starts: arena.upload("starts", starts),
    ends: arena.upload("ends", ends),
    out: arena.tensor("out", data.dOut.length),
    lse: arena.tensor("lse", rows * shape.heads),
    delta: arena.tensor("delta", rows * shape.heads),
    // Not zero before: every element must be overwritten.
    dQkv: arena.upload("dQkv", new Float32Array(data.qkv.length).fill(7)),
  };
  const reference: AttentionCase = { ...rest, starts, ends, rows, past };
  return { bench, data, tensors, reference, op: { ...rest, ...tensors, rows } };
}

const LIMIT = 2e-6;

async function check(shape: Shape, tile: Exclude<AttentionTile, "decode">): Promise<void> {
  const { bench, data, tensors, reference, op } = await setup(shape);
  const both = () =>
    bench.run(
      (r) => {
        attentionForward(r, { ...op, tile });
        attentionBackward(r, { ...op, tile });
      },
      [tensors.out, tensors.lse, tensors.dQkv],
    );
  const first = await both();
  const { out, lse } = attentionReference(data.qkv, reference);
  expect(relativeError(first[0]!, out)).toBeLessThan(LIMIT);
  expect(relativeError(first[1]!, lse)).toBeLessThan(LIMIT);
  expect(relativeError(first[2]!, attentionReferenceBackward(data.qkv, data.dOut, reference))).toBeLessThan(LIMIT);
  expect(await both()).toEqual(first);
}

const shapes: Shape[] = [
  { lengths: [1], heads: 1, kvHeads: 1, headSize: 32, causal: true },
  { lengths: [65], heads: 8, kvHeads: 1, headSize: 32, causal: true },
  { lengths: [5, 1, 63, 2, 30], heads: 4, kvHeads: 2, headSize: 32, causal: true },
  { lengths: [63, 3, 1], heads: 2, kvHeads: 2, headSize: 64, causal: false },
  { lengths: [17, 20], heads: 2, kvHeads: 1, headSize: 64, causal: true, scale: 0.3 },
  { lengths: [43, 3], heads: 2, kvHeads: 2, headSize: 128, causal: true },
  { lengths: [9, 38], heads: 2, kvHeads: 1, headSize: 48, causal: false },
];

test.each(shapes)("software: $lengths rows, $heads/$kvHeads heads of $headSize, causal $causal", (shape) =>
  check(shape, "software"),
);

// One head size: a software adapter takes seconds to compile this tile. 48 leaves the last piece of a head half full.
test.each<Shape>([
  { lengths: [5, 1, 63, 2, 30], heads: 4, kvHeads: 2, headSize: 48, causal: true },
  { lengths: [63, 3, 1], heads: 2, kvHeads: 2, headSize: 48, causal: false },
  { lengths: [1], heads: 8, kvHeads: 1, headSize: 48, causal: true },
])("gpu: $lengths rows, $heads/$kvHeads heads of $headSize, causal $causal", (shape) => check(shape, "gpu"));

const cached: (Shape & { past: number; tile: AttentionTile })[] = [
  { lengths: [131], past: 130, tile: "decode", heads: 8, kvHeads: 1, headSize: 64, causal: true },
  { lengths: [30, 67], past: 92, tile: "decode", heads: 4, kvHeads: 4, headSize: 48, causal: true },
  { lengths: [1], past: 0, tile: "decode", heads: 2, kvHeads: 1, headSize: 128, causal: true },
  { lengths: [3, 70], past: 0, tile: "decode", heads: 2, kvHeads: 1, headSize: 64, causal: false },
  { lengths: [4, 97], past: 36, tile: "software", heads: 2, kvHeads: 1, headSize: 64, causal: true },
  { lengths: [4, 97], past: 36, tile: "gpu", heads: 2, kvHeads: 1, headSize: 48, causal: true },
];

test.each(cached)(
  "$tile tile after $past cached rows of $lengths, head size $headSize",
  async ({ past, tile, ...shape }) => {
    const { bench, data, tensors, reference, op } = await setup(shape, past);
    const { heads, kvHeads, headSize } = shape;
    const width = (heads + 2 * kvHeads) * headSize;
    // The queries of the new rows; the keys and values of all, where a pass has left them.
    const kv = data.qkv.filter((_, i) => i % width >= heads * headSize);
    const qkv = data.qkv.slice(past * width).map((v, i) => (i % width < heads * headSize ? v : Number.NaN));
    const cache = { kv: bench.arena.upload("kv", kv), past: (d: Dims<"past">) => d.past };
    const own = { qkv: bench.arena.upload("q", qkv), rows: (d: Dims<"rows">) => d.rows, cache };
    const [out, lse] = await bench.run(
      (r) => attentionForward(r, { ...op, tile, ...own }),
      [tensors.out, tensors.lse],
      { rows: op.rows, past },
    );
    const expected = attentionReference(data.qkv, reference);
    expect(relativeError(out!, expected.out)).toBeLessThan(LIMIT);
    expect(relativeError(lse!, expected.lse)).toBeLessThan(LIMIT);
  },
);

test("large scores neither overflow nor lose the softmax", async () => {
  const shape: Shape = { lengths: [33], heads: 1, kvHeads: 1, headSize: 32, causal: true, scale: 60 };
  const { bench, data, tensors, reference, op } = await setup(shape);
  const [out] = await bench.run((r) => attentionForward(r, { ...op, tile: "software" }), [tensors.out]);
  // Scores reach some thousands; f32 keeps them to about 1e-3, which is the error of the probabilities.
  expect(relativeError(out!, attentionReference(data.qkv, reference).out)).toBeLessThan(1e-3);
});

const small: Shape = { lengths: [3, 5], heads: 4, kvHeads: 2, headSize: 8, causal: true };
const directions = [3, 4, 5];

test("the reference gradient is the slope of the reference", () => {
  const { starts, ends } = packed(small.lengths);
  const reference: AttentionCase = { ...small, starts, ends, rows: 8 };
  const qkv = Float64Array.from(randomArray(8 * 64, 1));
  const dOut = randomArray(8 * 32, 2);
  const loss = (at: Float64Array) => attentionReference(at, reference).out.reduce((sum, o, i) => sum + o * dOut[i]!, 0);
  const gradient = attentionReferenceBackward(qkv, dOut, reference);
  const slope = qkv.map((value, i) => (loss(qkv.with(i, value + 1e-5)) - loss(qkv.with(i, value - 1e-5))) / 2e-5);
  expect(relativeError(gradient, slope)).toBeLessThan(1e-7);
});

test.each(directions)("the GPU gradient is the slope of the GPU forward pass in direction %i", async (seed) => {
  const { bench, data, tensors, op } = await setup(small);
  const direction = randomArray(data.qkv.length, seed);
  const loss = async (h: number) => {
    const qkv = bench.arena.upload(
      "moved",
      data.qkv.map((v, i) => v + h * direction[i]!),
    );
    const [out] = await bench.run((r) => attentionForward(r, { ...op, qkv }), [tensors.out]);
    return out!.reduce((sum, o, i) => sum + o * data.dOut[i]!, 0);
  };
  const slope = ((await loss(5e-3)) - (await loss(-5e-3))) / 1e-2;
  const [, gradient] = await bench.run(
    (r) => {
      attentionForward(r, op);
      attentionBackward(r, op);
    },
    [tensors.out, tensors.dQkv],
  );
  const expected = gradient!.reduce((sum, g, i) => sum + g * direction[i]!, 0);
  expect(Math.abs(slope - expected)).toBeLessThan(2e-3 * Math.abs(expected));
});

test("head sizes and head counts the kernels do not have are refused", () => {
  const shape = { kvHeads: 2, causal: true, rows: 1 } as never as Parameters<typeof attentionForward>[1];
  const record = (heads: number, headSize: number) => () =>
    attentionForward(new Recorder(), { ...shape, heads, headSize });
  expect(record(4, 30)).toThrow(/head size 30/);
  expect(record(3, 32)).toThrow(/3 heads, 2 key heads/);
  expect(record(4, 260)).toThrow(/head size 260/);
});
