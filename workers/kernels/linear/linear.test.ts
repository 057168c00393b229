import { expect, test } from "vitest";
import { readBack, type Tensor, view, write } from "../../gpu/buffers.ts";
import { Recorder } from "../../gpu/program.ts";
import { random, randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { bf16ToF32, f16ToF32, f32ToF16 } from "../../weights/formats/dtype.ts";
import { forcedVariants } from "../select.ts";
import { linearBackwardInput, linearForward } from "./linear.ts";
import { type LoraWeights, loraGradients } from "./lora.ts";
import {
  backwardReference,
  decodeReference,
  forwardReference,
  gradientLowRankReference,
  loraGradientsReference,
  lowRankReference,
  type ReferenceLora,
} from "./reference.ts";
import { gpuTiles } from "./tiles.ts";
import type { Weight } from "./weight.ts";

type Bench = Awaited<ReturnType<typeof testBench>>;
const formats = ["nf4", "fp4", "f32", "f16", "bf16"] as const;

/** A random weight on the GPU and its exact values. */
function makeWeight(bench: Bench, format: (typeof formats)[number], out: number, inSize: number, blockSize = 64) {
  const count = out * inSize;
  if (format === "nf4" || format === "fp4") {
    const next = random(count + 1);
    const codes = Uint8Array.from({ length: count / 2 }, () => next() * 256);
    const absmax = Float32Array.from({ length: Math.ceil(count / blockSize) }, () => 0.02 + next());
    const weight: Weight = {
      format,
      out,
      in: inSize,
      blockSize,
      codes: bench.arena.upload("codes", codes),
      absmax: bench.arena.upload("absmax", absmax),
      absmaxFormat: "f32",
    };
    return { weight, values: decodeReference(format, codes, absmax, blockSize) };
  }
  const raw = randomArray(count, count);
  if (format === "f32") {
    return { weight: { format, out, in: inSize, data: bench.arena.upload("w", raw) } as Weight, values: raw };
  }
  const words = format === "f16" ? f32ToF16(raw) : Uint16Array.from(new Uint32Array(raw.buffer), (bits) => bits >>> 16);
  const values = format === "f16" ? f16ToF32(words) : bf16ToF32(words);
  return { weight: { format, out, in: inSize, data: bench.arena.upload("w", words) } as Weight, values };
}

function makeLora(bench: Bench, rank: number, out: number, inSize: number, groupStarts: number[]) {
  const reference: ReferenceLora = {
    rank,
    scale: 0.25,
    groupStarts,
    a: randomArray(groupStarts.length * rank * inSize, 3),
    b: randomArray(out * rank, 4),
  };
  const weights: LoraWeights = {
    rank,
    scale: 0.25,
    groupStarts,
    a: bench.arena.upload("a", reference.a as Float32Array),
    b: bench.arena.upload("b", reference.b as Float32Array),
  };
  return { reference, weights };
}

test.each(formats.flatMap((format) => [1, 63, 65, 130].map((rows) => [format, rows] as const)))(
  "forward and backward of a %s weight, %i rows",
  async (format, rows) => {
    const bench = await testBench();
    const [out, inSize] = [36, 104];
    const { weight, values } = makeWeight(bench, format, out, inSize);
    const x = randomArray(rows * inSize, 1);
    const dy = randomArray(rows * out, 2);
    const y = bench.arena.tensor("y", rows * out);
    const dx = bench.arena.tensor("dx", rows * inSize);
    const [gotY, gotDx] = await bench.run(
      (r) => {
        linearForward(r, { y, x: bench.arena.upload("x", x), weight, rows });
        linearBackwardInput(r, { dx, dy: bench.arena.upload("dy", dy), weight, rows });
      },
      [y, dx],
    );
    expect(relativeError(gotY!, forwardReference(x, values, { rows, out, inSize }))).toBeLessThan(2e-6);
    expect(relativeError(gotDx!, backwardReference(dy, values, { rows, out, inSize }))).toBeLessThan(2e-6);
  },
);

test.each([
  [1, [0], 1],
  [2, [0, 24], 17],
  [3, [0, 16, 20], 65],
  [8, [0, 16, 20], 101],
  [64, [0], 63],
])("LoRA of rank %i in groups %j, %i rows: forward, t, dX, dA, dB", async (rank, groupStarts, rows) => {
  const bench = await testBench();
  const [out, inSize] = [40, 96];
  const { weight, values } = makeWeight(bench, "nf4", out, inSize);
  const { reference, weights } = makeLora(bench, rank, out, inSize, groupStarts);
  const width = groupStarts.length * rank;
  const x = randomArray(rows * inSize, 1);
  const dy = randomArray(rows * out, 2);
  const make = (name: string, length: number): Tensor => bench.arena.tensor(name, length);
  const [y, dx] = [make("y", rows * out), make("dx", rows * inSize)];
  const [xa, t] = [make("xa", rows * width), make("t", rows * width)];
  const [dA, dB] = [make("dA", width * inSize), make("dB", out * rank)];
  const [xGpu, dyGpu] = [bench.arena.upload("x", x), bench.arena.upload("dy", dy)];
  const got = await bench.run(
    (r) => {
      linearForward(r, { y, x: xGpu, weight, lora: { weights, xa }, rows });
      linearBackwardInput(r, { dx, dy: dyGpu, weight, lora: { weights, t }, rows });
      for (const accumulate of [0, 1])
        loraGradients(r, { dA, dB, x: xGpu, dy: dyGpu, xa, t, weights, accumulate, rows });
    },
    [y, xa, t, dx, dA, dB],
  );
  const once = loraGradientsReference(x, dy, { rows, out, inSize, lora: reference });
  const expected = [
    forwardReference(x, values, { rows, out, inSize, lora: reference }),
    lowRankReference(x, reference, rows, inSize),
    gradientLowRankReference(dy, reference, rows, out),
    backwardReference(dy, values, { rows, out, inSize, lora: reference }),
    once.dA.map((v) => 2 * v),
    once.dB.map((v) => 2 * v),
  ];
  expected.forEach((e, i) => {
    expect(relativeError(got[i]!, e), ["y", "xa", "t", "dx", "dA", "dB"][i]).toBeLessThan(3e-6);
  });
});

test("bias, accumulation, row offsets and the decode tile", async () => {
  const bench = await testBench();
  const [rows, out, inSize] = [5, 20, 64];
  const { weight, values } = makeWeight(bench, "nf4", out, inSize);
  const x = randomArray((rows + 2) * inSize, 1);
  const bias = randomArray(out, 2);
  const before = randomArray((rows + 3) * out, 3);
  for (const tile of ["prefill", "decode"] as const) {
    const y = bench.arena.upload("y", before);
    const [got] = await bench.run(
      (r) =>
        linearForward(r, {
          y,
          x: bench.arena.upload("x", x),
          weight,
          bias: bench.arena.upload("bias", bias),
          accumulate: (d) => d.add,
          rows,
          xRow: 2,
          yRow: 3,
          tile,
        }),
      [y],
      { add: 1 },
    );
    const expected = Float64Array.from(before);
    const product = forwardReference(x.subarray(2 * inSize), values, { rows, out, inSize, bias });
    product.forEach((v, i) => {
      expected[3 * out + i]! += v;
    });
    expect(relativeError(got!, expected)).toBeLessThan(2e-6);
  }
});

test("block maxima as f16 give the very bits that they give as f32, in every 4-bit kernel", async () => {
  const bench = await testBench();
  const [rows, out, inSize] = [5, 36, 104];
  const next = random(1);
  const codes = bench.arena.upload(
    "codes",
    Uint8Array.from({ length: (out * inSize) / 2 }, () => next() * 256),
  );
  // An odd number of blocks, so that the last word is half empty; and a subnormal.
  const halves = f32ToF16(Float32Array.from({ length: 59 }, (_, i) => (i === 7 ? 3e-6 : 0.02 + next())));
  const base = { format: "nf4", out, in: inSize, blockSize: 64, codes } as const;
  const [x, dy] = [
    bench.arena.upload("x", randomArray(rows * inSize, 1)),
    bench.arena.upload("dy", randomArray(rows * out, 2)),
  ];
  const results = async (weight: Weight) => {
    const all = [];
    for (const [variant, tile] of [
      ["software", "prefill"],
      ["software", "decode"],
      ["32x32", "prefill"],
    ] as const) {
      const [y, dx] = [bench.arena.tensor("y", rows * out), bench.arena.tensor("dx", rows * inSize)];
      const record = (r: Recorder): void => {
        linearForward(r, { y, x, weight, rows, tile });
        linearBackwardInput(r, { dx, dy, weight, rows });
      };
      all.push(await bench.run(record, [y, dx], {}, forcedVariants(variant, "software")));
    }
    return all;
  };
  const asF16 = await results({ ...base, absmax: bench.arena.upload("absmax", halves), absmaxFormat: "f16" });
  const asF32 = await results({ ...base, absmax: bench.arena.upload("absmax", f16ToF32(halves)), absmaxFormat: "f32" });
  expect(asF16).toEqual(asF32);
  expect(asF16.flat().every((values) => values.some((v) => v !== 0))).toBe(true);
});

test("blocks that straddle rows, and block sizes other than 64", async () => {
  const bench = await testBench();
  for (const blockSize of [32, 128, 4096]) {
    const { weight, values } = makeWeight(bench, "nf4", 12, 40, blockSize);
    const x = randomArray(3 * 40, 1);
    const y = bench.arena.tensor("y", 36);
    const [got] = await bench.run((r) => linearForward(r, { y, x: bench.arena.upload("x", x), weight, rows: 3 }), [y]);
    expect(relativeError(got!, forwardReference(x, values, { rows: 3, out: 12, inSize: 40 }))).toBeLessThan(2e-6);
  }
});

test("central differences of a scalar loss through the reference agree with dX, dA and dB", () => {
  const [rows, out, inSize, rank] = [3, 8, 8, 2];
  const x = Float64Array.from(randomArray(rows * inSize, 1));
  const w = randomArray(out * inSize, 2);
  const c = randomArray(rows * out, 3);
  const lora: ReferenceLora = {
    rank,
    scale: 0.5,
    groupStarts: [0, 4],
    a: Float64Array.from(randomArray(2 * rank * inSize, 4)),
    b: Float64Array.from(randomArray(out * rank, 5)),
  };
  const loss = (): number =>
    forwardReference(x, w, { rows, out, inSize, lora }).reduce((sum, y, i) => sum + c[i]! * y, 0);
  const slope = (values: Float64Array, i: number): number => {
    const [at, h] = [values[i]!, 1e-4];
    values[i] = at + h;
    const up = loss();
    values[i] = at - h;
    const down = loss();
    values[i] = at;
    return (up - down) / (2 * h);
  };
  const { dA, dB } = loraGradientsReference(x, c, { rows, out, inSize, lora });
  const dx = backwardReference(c, w, { rows, out, inSize, lora });
  const cases: [Float64Array, Float64Array][] = [
    [x, dx],
    [lora.a as Float64Array, dA],
    [lora.b as Float64Array, dB],
  ];
  for (const [values, gradient] of cases)
    gradient.forEach((g, i) => {
      expect(slope(values, i)).toBeCloseTo(g, 6);
    });
});

test("the same input gives the same bits twice, and an impossible shape is refused by name", async () => {
  const bench = await testBench();
  const { weight } = makeWeight(bench, "nf4", 64, 128);
  const x = bench.arena.upload("x", randomArray(33 * 128, 1));
  const y = bench.arena.tensor("y", 33 * 64);
  const [a] = await bench.run((r) => linearForward(r, { y, x, weight, rows: 33 }), [y]);
  const [b] = await bench.run((r) => linearForward(r, { y, x, weight, rows: 33 }), [y]);
  expect(a).toEqual(b);
  const odd = makeWeight(bench, "f32", 8, 6).weight;
  await expect(bench.run((r) => linearForward(r, { y, x, weight: odd, rows: 1 }), [y])).rejects.toThrow(
    /multiple of 4/,
  );
});

test.each(["prefill", "decode"] as const)(
  "LoRA with bias, residual, accumulation and row offsets, %s tile",
  async (tile) => {
    const bench = await testBench();
    const [rows, out, inSize, rank, groupStarts] = [3, 40, 64, 5, [0, 20, 28]];
    const { weight, values } = makeWeight(bench, "nf4", out, inSize);
    const { reference, weights } = makeLora(bench, rank, out, inSize, groupStarts);
    const x = randomArray((rows + 2) * inSize, 1);
    const bias = randomArray(out, 2);
    const before = randomArray((rows + 3) * out, 3);
    const y = bench.arena.upload("y", before);
    const residual = randomArray(rows * out, 5);
    const upload = (data: Float32Array): Tensor => bench.arena.upload("input", data);
    const [xGpu, biasGpu, residualGpu] = [upload(x), upload(bias), upload(residual)];
    const xa = bench.arena.tensor("xa", rows * 3 * rank);
    const [got] = await bench.run(
      (r) =>
        linearForward(r, {
          y,
          x: xGpu,
          weight,
          bias: biasGpu,
          residual: residualGpu,
          lora: { weights, xa },
          accumulate: 1,
          rows: (d) => d.rows,
          xRow: 2,
          yRow: 3,
          tile,
        }),
      [y],
      { rows },
    );
    const expected = Float64Array.from(before);
    const product = forwardReference(x.subarray(2 * inSize), values, { rows, out, inSize, lora: reference, bias });
    product.forEach((v, i) => {
      expected[3 * out + i]! += v + residual[i]!;
    });
    expect(relativeError(got!, expected)).toBeLessThan(2e-6);
  },
);

test.each(formats)(
  "dX of a %s weight adds to what is there, at row offsets; rows outside stay as they are",
  async (format) => {
    const bench = await testBench();
    // 20 inputs: five vec4 columns, so that a tile of two is cut at the edge; a 4-bit weight has 24.
    const [rows, out, inSize] = [7, 12, format === "nf4" || format === "fp4" ? 24 : 20];
    const { weight, values } = makeWeight(bench, format, out, inSize);
    const dy = randomArray((rows + 1) * out, 1);
    const before = randomArray((rows + 4) * inSize, 2);
    const expected = Float64Array.from(before);
    backwardReference(dy.subarray(out), values, { rows, out, inSize }).forEach((v, i) => {
      expected[2 * inSize + i]! += v;
    });
    const dx = bench.arena.upload("dx", before);
    const dyGpu = bench.arena.upload("dy", dy);
    const [got] = await bench.run(
      (r) => linearBackwardInput(r, { dx, dy: dyGpu, weight, accumulate: 1, rows, dxRow: 2, dyRow: 1 }),
      [dx],
    );
    expect(relativeError(got!, expected)).toBeLessThan(2e-6);
    const untouched = [...got!.subarray(0, 2 * inSize), ...got!.subarray((2 + rows) * inSize)];
    expect(untouched).toEqual([...before.subarray(0, 2 * inSize), ...before.subarray((2 + rows) * inSize)]);
  },
);

test("skipInput gives t and leaves dx alone", async () => {
  const bench = await testBench();
  const [rows, out, inSize, rank] = [18, 24, 32, 4];
  const { weight } = makeWeight(bench, "nf4", out, inSize);
  const { reference, weights } = makeLora(bench, rank, out, inSize, [0, 8]);
  const dy = randomArray(rows * out, 1);
  const dyGpu = bench.arena.upload("dy", dy);
  const dx = bench.arena.tensor("dx", rows * inSize);
  const t = bench.arena.tensor("t", rows * 2 * rank);
  const [gotT, gotDx] = await bench.run(
    (r) => linearBackwardInput(r, { dx, dy: dyGpu, weight, lora: { weights, t }, rows, skipInput: true }),
    [t, dx],
  );
  expect(relativeError(gotT!, gradientLowRankReference(dy, reference, rows, out))).toBeLessThan(2e-6);
  expect(Math.max(...gotDx!)).toBe(0);
});

test("central differences of a scalar loss through the GPU forward agree with the GPU's dX, dA and dB", async () => {
  const bench = await testBench();
  const [rows, out, inSize, rank, groupStarts] = [3, 8, 16, 3, [0, 4]];
  const { weight } = makeWeight(bench, "nf4", out, inSize);
  const { reference, weights } = makeLora(bench, rank, out, inSize, groupStarts);
  const [xHost, c] = [randomArray(rows * inSize, 1), randomArray(rows * out, 2)];
  const width = groupStarts.length * rank;
  const make = (name: string, length: number): Tensor => bench.arena.tensor(name, length);
  const [x, dy, y] = [bench.arena.upload("x", xHost), bench.arena.upload("dy", c), make("y", rows * out)];
  const [xa, t, dx] = [make("xa", rows * width), make("t", rows * width), make("dx", rows * inSize)];
  const [dA, dB] = [make("dA", width * inSize), make("dB", out * rank)];
  const forward = new Recorder();
  linearForward(forward, { y, x, weight, lora: { weights, xa }, rows });
  const program = await forward.build(bench.arena, bench.pipelines);
  const loss = async (): Promise<number> => {
    await program.run({}, { flopsPerSecond: 1e9 });
    const [values] = await readBack(bench.gpu, [y]);
    return values!.reduce((sum, v, i) => sum + c[i]! * v, 0);
  };
  await loss();
  const gradients = await bench.run(
    (r) => {
      linearBackwardInput(r, { dx, dy, weight, lora: { weights, t }, rows });
      loraGradients(r, { dA, dB, x, dy, xa, t, weights, accumulate: 0, rows });
    },
    [dx, dA, dB],
  );
  const inputs: [Tensor, Float32Array][] = [
    [x, xHost],
    [weights.a, reference.a as Float32Array],
    [weights.b, reference.b as Float32Array],
  ];
  // The loss is linear in each input alone, so a wide step has no truncation error, only f32 rounding.
  const h = 0.5;
  for (const [which, [tensor, host]] of inputs.entries()) {
    for (let i = 0; i < host.length; i += 5) {
      const ends: number[] = [];
      for (const step of [h, -h]) {
        write(bench.gpu, tensor, Float32Array.of(host[i]! + step), undefined, i);
        ends.push(await loss());
      }
      write(bench.gpu, tensor, Float32Array.of(host[i]!), undefined, i);
      expect((ends[0]! - ends[1]!) / (2 * h), `input ${which}, element ${i}`).toBeCloseTo(gradients[which]![i]!, 4);
    }
  }
});

test("LoRA forward, dX, dA and dB give the same bits twice", async () => {
  const bench = await testBench();
  const [rows, out, inSize, rank] = [70, 48, 64, 8];
  const { weight } = makeWeight(bench, "nf4", out, inSize);
  const { weights } = makeLora(bench, rank, out, inSize, [0, 32]);
  const x = bench.arena.upload("x", randomArray(rows * inSize, 1));
  const dy = bench.arena.upload("dy", randomArray(rows * out, 2));
  const make = (name: string, length: number): Tensor => bench.arena.tensor(name, length);
  const once = () => {
    const [y, dx] = [make("y", rows * out), make("dx", rows * inSize)];
    const [xa, t] = [make("xa", rows * 2 * rank), make("t", rows * 2 * rank)];
    const [dA, dB] = [make("dA", 2 * rank * inSize), make("dB", out * rank)];
    return bench.run(
      (r) => {
        linearForward(r, { y, x, weight, lora: { weights, xa }, rows });
        linearBackwardInput(r, { dx, dy, weight, lora: { weights, t }, rows });
        loraGradients(r, { dA, dB, x, dy, xa, t, weights, accumulate: 0, rows });
      },
      [y, dx, dA, dB],
    );
  };
  expect(await once()).toEqual(await once());
});

test("a block size or groups that the kernels cannot read are refused", () => {
  const tensor = { length: 64 } as Tensor;
  const base = { out: 8, in: 8, codes: tensor, absmax: tensor, absmaxFormat: "f32", format: "nf4" } as const;
  const record = (blockSize: number, groupStarts: number[]) => () =>
    linearForward(new Recorder(), {
      y: tensor,
      x: tensor,
      weight: { ...base, blockSize },
      lora: { weights: { rank: 1, scale: 1, groupStarts, a: tensor, b: tensor }, xa: tensor },
      rows: 1,
    });
  expect(record(48, [0])).toThrow(/block size 48/);
  expect(record(64, [0, 6])).toThrow(/groups start at 0,6/);
  expect(record(64, [0, 4])).not.toThrow();
});

test.each(["software", ...Object.entries(gpuTiles).flatMap(([name, tile]) => (tile.halfWeights ? [] : name))])(
  "a weight in two parts, each with its columns of one y: %s",
  async (variant) => {
    const bench = await testBench();
    const [rows, inSize, first, rest] = [70, 64, 64, 36];
    const out = first + rest;
    const parts = [makeWeight(bench, "f16", first, inSize), makeWeight(bench, "f16", rest, inSize)];
    const values = Float32Array.from(parts.flatMap((part) => [...part.values]));
    const x = randomArray(rows * inSize, 1);
    const dy = randomArray(rows * out, 2);
    const [y, dx] = [bench.arena.tensor("y", rows * out), bench.arena.tensor("dx", rows * inSize)];
    const [xGpu, dyGpu] = [bench.arena.upload("x", x), bench.arena.upload("dy", dy)];
    const [gotY, gotDx] = await bench.run(
      (r) => {
        Object.assign(r, { variants: { ...r.variants, linear: () => variant } });
        parts.forEach(({ weight }, n) => {
          const columns = (t: Tensor): Tensor => view(t, n * first, rows * out - n * first);
          linearForward(r, { y: columns(y), yStride: out, x: xGpu, weight, rows });
          linearBackwardInput(r, { dx, dy: columns(dyGpu), dyStride: out, weight, rows, accumulate: n });
        });
      },
      [y, dx],
    );
    expect(relativeError(gotY!, forwardReference(x, values, { rows, out, inSize }))).toBeLessThan(2e-6);
    expect(relativeError(gotDx!, backwardReference(dy, values, { rows, out, inSize }))).toBeLessThan(2e-6);
  },
);
