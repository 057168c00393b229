/**
 * Our linear kernels beside onnxruntime-web's operators: one device, one set of buffers, alternating rounds. Both sides are timed from
 * the call to the end of the GPU's work; no data moves in between.
 */
import { seededRandom } from "../workers/chat/sampling.ts";
import { Arena, newCounters, readBack, type Tensor } from "../workers/gpu/buffers.ts";
import type { Gpu } from "../workers/gpu/device.ts";
import { PipelineCache, Recorder } from "../workers/gpu/program.ts";
import { linearBackwardInput, linearForward } from "../workers/kernels/linear.ts";
import { backwardReference, forwardReference } from "../workers/kernels/linear-reference.ts";
import type { Weight } from "../workers/kernels/weight.ts";
import { dequantise, quantise } from "../workers/quant/nf4.ts";
import { encodeOnnx } from "../workers/vision/onnx.ts";
import { type Candidate, interleave, mustAgree, relativeError } from "./measure.ts";
import { matMulBnb4 } from "./onnx-bnb4.ts";
import type { GemmCase, GemmResult } from "./results.ts";

const BLOCK_SIZE = 64;
const TOLERANCE = 1e-5;

function randomArray(length: number, seed: number, scale: number): Float32Array {
  const next = seededRandom(seed);
  return Float32Array.from({ length }, () => (next() * 2 - 1) * scale);
}

/** [rows, columns] -> [columns, rows] */
function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j]!;
  return out;
}

interface Side {
  weight: Weight;
  /** The numbers that the weight stands for, [out, in]. */
  values: Float32Array;
  operator: string;
  model: Uint8Array;
  /** Inputs of the model beside x. */
  inputs: { name: string; tensor: Tensor; dataType: "float32" | "uint8"; dims: number[] }[];
}

/** The very bytes that our kernels read. */
function nf4Side(arena: Arena, c: GemmCase, raw: Float32Array): Side {
  const blocks = quantise(raw, { type: "nf4", blockSize: BLOCK_SIZE, roundToF16First: false });
  const codes = arena.upload("codes", blocks.codes);
  const absmax = arena.upload("absmax", blocks.absmax);
  return {
    weight: { format: "nf4", out: c.out, in: c.in, blockSize: BLOCK_SIZE, codes, absmax },
    values: dequantise(blocks, { type: "nf4", blockSize: BLOCK_SIZE, length: raw.length }),
    operator: "MatMulBnb4",
    model: matMulBnb4(c.rows, c.in, c.out, BLOCK_SIZE),
    inputs: [
      { name: "codes", tensor: codes, dataType: "uint8", dims: [blocks.codes.length] },
      { name: "absmax", tensor: absmax, dataType: "float32", dims: [blocks.absmax.length] },
    ],
  };
}

/** MatMul wants [in, out]: it gets the transpose, laid out in advance as exporters do, which is what suits it best. */
function denseSide(arena: Arena, c: GemmCase, raw: Float32Array): Side {
  return {
    weight: { format: "f32", out: c.out, in: c.in, data: arena.upload("w", raw) },
    values: raw,
    operator: "MatMul",
    model: encodeOnnx({
      name: "matmul",
      nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
      initializers: [],
      inputs: [
        { name: "x", dims: [c.rows, c.in] },
        { name: "w", dims: [c.in, c.out] },
      ],
      outputs: [{ name: "y", dims: [c.rows, c.out] }],
    }),
    inputs: [
      { name: "w", tensor: arena.upload("wT", transpose(raw, c.out, c.in)), dataType: "float32", dims: [c.in, c.out] },
    ],
  };
}

async function ortSession(gpu: Gpu, { model, inputs }: Side, c: GemmCase, x: Tensor, y: Tensor) {
  const ort = await import("onnxruntime-web/webgpu");
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const { device } = gpu;
  const session = await ort.InferenceSession.create(model, { executionProviders: [{ name: "webgpu", device }] });
  const wrap = (tensor: Tensor, dataType: "float32" | "uint8", dims: number[]) =>
    ort.Tensor.fromGpuBuffer(tensor.buffer, { dataType, dims });
  const feeds = {
    x: wrap(x, "float32", [c.rows, c.in]),
    ...Object.fromEntries(inputs.map((i) => [i.name, wrap(i.tensor, i.dataType, i.dims)])),
  };
  const fetches = { y: wrap(y, "float32", [c.rows, c.out]) };
  return {
    async run() {
      await session.run(feeds, fetches);
      await device.queue.onSubmittedWorkDone();
    },
    release: () => session.release(),
  };
}

/** First and last of `rows` rows. */
const ends = (values: Float32Array, rows: number): Float32Array => {
  const width = values.length / rows;
  return Float32Array.from([...values.subarray(0, width), ...values.subarray(values.length - width)]);
};

/** Times one case. Throws where the outputs do not agree with each other or with the reference. */
export async function benchGemm(gpu: Gpu, c: GemmCase): Promise<GemmResult> {
  const counters = newCounters();
  const arena = new Arena(gpu, counters);
  const pipelines = new PipelineCache(gpu, counters);
  const raw = randomArray(c.out * c.in, 1, 0.05);
  const side = c.format === "nf4" ? nf4Side(arena, c, raw) : denseSide(arena, c, raw);
  const [xValues, dyValues] = [randomArray(c.rows * c.in, 2, 1), randomArray(c.rows * c.out, 3, 1)];
  const [x, dy] = [arena.upload("x", xValues), arena.upload("dy", dyValues)];
  const [y, dx, ortY] = [
    arena.tensor("y", c.rows * c.out),
    arena.tensor("dx", c.rows * c.in),
    arena.tensor("ort y", c.rows * c.out),
  ];
  const { weight } = side;
  const own = async (record: (r: Recorder) => void): Promise<Candidate> => {
    const recorder = new Recorder();
    record(recorder);
    const program = await recorder.build(arena, pipelines);
    return { flops: program.flops({}), run: () => program.run({}, { flopsPerSecond: 1e9 }) };
  };
  const forward = await own((r) => linearForward(r, { y, x, weight, rows: c.rows }));
  const backward = await own((r) => linearBackwardInput(r, { dx, dy, weight, rows: c.rows }));
  const session = await ortSession(gpu, side, c, x, ortY);
  try {
    const withBackward = c.format === "nf4" ? [backward] : [];
    const candidates = [forward, { flops: forward.flops, run: session.run }, ...withBackward];
    const [ours, ort, oursBackward] = await interleave(candidates, c.rounds);
    const [gotY, gotOrt, gotDx] = (await readBack(gpu, [y, ortY, dx])) as [Float32Array, Float32Array, Float32Array];
    const label = `${c.format} ${c.rows} x ${c.in} -> ${c.out}`;
    const wantY = forwardReference(ends(xValues, c.rows), side.values, 2, c.out, c.in);
    const error: GemmResult["error"] = {
      ours: mustAgree(`${label}, ours and f64`, relativeError(ends(gotY, c.rows), wantY), TOLERANCE),
      ort: mustAgree(`${label}, onnxruntime and f64`, relativeError(ends(gotOrt, c.rows), wantY), TOLERANCE),
    };
    if (oursBackward) {
      const wantDx = backwardReference(ends(dyValues, c.rows), side.values, 2, c.out, c.in);
      error.oursBackward = mustAgree(`${label}, dX and f64`, relativeError(ends(gotDx, c.rows), wantDx), TOLERANCE);
    }
    return {
      ...c,
      ours: ours!,
      ort: { ...ort!, operator: side.operator },
      ...(oursBackward ? { oursBackward } : {}),
      difference: mustAgree(`${label}, ours and onnxruntime`, relativeError(gotY, gotOrt), TOLERANCE),
      error,
    };
  } finally {
    await session.release();
    arena.dispose();
  }
}
