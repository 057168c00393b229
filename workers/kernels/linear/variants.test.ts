/** The optional kernels of the linear family against f64: one row by a workgroup, tiles of f16 weights. */
import { expect, test } from "vitest";
import type { Tensor } from "../../gpu/buffers.ts";
import type { GpuTileName } from "../../gpu/variants.ts";
import { random, randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { bf16ToF32, f16ToF32, f32ToF16, roundToF16 } from "../../weights/formats/dtype.ts";
import { forcedVariants } from "../select.ts";
import { linearBackwardInput, linearForward } from "./linear.ts";
import { backwardReference, decodeReference, forwardReference } from "./reference.ts";
import { gpuTiles } from "./tiles.ts";
import type { Weight } from "./weight.ts";

const bench = await testBench();
const lacks = (feature: string): boolean => !bench.gpu.facts.features.includes(feature);
const upload = (data: ArrayBufferView): Tensor => bench.arena.upload("input", data);

/** A random weight and its exact values. */
function makeWeight(format: Weight["format"], out: number, inSize: number): { weight: Weight; values: Float32Array } {
  const count = out * inSize;
  if (format === "nf4" || format === "fp4") {
    const next = random(count);
    const codes = Uint8Array.from({ length: count / 2 }, () => next() * 256);
    const absmax = Float32Array.from({ length: Math.ceil(count / 64) }, () => 0.02 + next());
    const weight: Weight = {
      format,
      out,
      in: inSize,
      blockSize: 64,
      codes: upload(codes),
      absmax: upload(absmax),
      absmaxFormat: "f32",
    };
    return { weight, values: decodeReference(format, codes, absmax, 64) };
  }
  const raw = randomArray(count, count);
  if (format === "f32") return { weight: { format, out, in: inSize, data: upload(raw) }, values: raw };
  const words = format === "f16" ? f32ToF16(raw) : Uint16Array.from(new Uint32Array(raw.buffer), (bits) => bits >>> 16);
  const values = format === "f16" ? f16ToF32(words) : bf16ToF32(words);
  return { weight: { format, out, in: inSize, data: upload(words) }, values };
}

const lora = { rank: 5, scale: 0.25, groupStarts: [0, 20, 28] };
function makeLora(out: number, inSize: number, scale = 1) {
  const a = randomArray(3 * lora.rank * inSize, 3);
  const b = randomArray(out * lora.rank, 4, scale);
  return { reference: { ...lora, a, b }, weights: { ...lora, a: upload(a), b: upload(b) } };
}

const decodes = (["workgroup", "subgroup"] as const).flatMap((reduction) =>
  (["nf4", "fp4", "f32", "f16", "bf16"] as const).map((format) => [reduction, format] as const),
);
for (const [reduction, format] of decodes) {
  const skipped = reduction === "subgroup" && lacks("subgroups");
  test.skipIf(skipped)(
    `one row of a ${format} weight by a ${reduction}${skipped ? " (SKIPPED: this adapter has no subgroups)" : ""}`,
    async () => {
      const variants = forcedVariants("software", "software", reduction);
      // Fewer words than threads, and some rounds with a rest.
      for (const inSize of [40, 1096]) {
        const [rows, out] = [2, 36];
        const { weight, values } = makeWeight(format, out, inSize);
        const { reference, weights } = makeLora(out, inSize);
        const x = randomArray((rows + 2) * inSize, 1);
        const [bias, residual, before] = [randomArray(out, 2), randomArray(rows * out, 5), randomArray(5 * out, 6)];
        const y = upload(before);
        const xa = bench.arena.tensor("xa", rows * 3 * lora.rank);
        const [got] = await bench.run(
          (r) =>
            linearForward(r, {
              y,
              x: upload(x),
              weight,
              bias: upload(bias),
              residual: upload(residual),
              lora: { weights, xa },
              accumulate: 1,
              rows,
              xRow: 2,
              yRow: 3,
              tile: "decode",
            }),
          [y],
          {},
          variants,
        );
        const expected = Float64Array.from(before);
        const product = forwardReference(x.subarray(2 * inSize), values, { rows, out, inSize, lora: reference, bias });
        product.forEach((v, i) => {
          expected[3 * out + i]! += v + residual[i]!;
        });
        expect(relativeError(got!, expected)).toBeLessThan(2e-6);
      }
    },
  );
}

test("one row whose columns are no multiple of four, as xa's are", async () => {
  const [out, inSize] = [36, 1096];
  const { weight } = makeWeight("nf4", out, inSize);
  const { reference, weights } = makeLora(out, inSize);
  const x = randomArray(inSize, 1);
  const [y, xa] = [bench.arena.tensor("y", out), bench.arena.tensor("xa", 15)];
  const [got] = await bench.run(
    (r) => linearForward(r, { y, x: upload(x), weight, lora: { weights, xa }, rows: 1, tile: "decode" }),
    [xa],
    {},
    forcedVariants("software", "software", "workgroup"),
  );
  expect(relativeError(got!, forwardReference(x, reference.a, { rows: 1, out: 15, inSize }))).toBeLessThan(2e-6);
});

const halfTiles = (Object.keys(gpuTiles) as GpuTileName[]).filter((name) => gpuTiles[name].halfWeights);
const noHalves = lacks("shader-f16");
for (const tile of halfTiles) {
  test.skipIf(noHalves)(
    `forward and dX by ${tile}: weights as f16 rounds them, activations and gradients of any size${noHalves ? " (SKIPPED: this adapter has no shader-f16)" : ""}`,
    async () => {
      const [rows, out, inSize] = [133, 140, 200];
      for (const format of ["nf4", "f16", "bf16"] as const) {
        const { weight, values } = makeWeight(format, out, inSize);
        const { reference, weights } = makeLora(out, inSize, 1e-6);
        // bf16 is no f16: another tile is taken, and nothing rounded.
        const rounded = format === "nf4" ? roundToF16(values) : values;
        for (const size of format === "nf4" ? [1, 1e6, 1e-9] : [1]) {
          const [x, dy] = [randomArray(rows * inSize, 1, size), randomArray(rows * out, 2, size)];
          const [y, dx] = [bench.arena.tensor("y", rows * out), bench.arena.tensor("dx", rows * inSize)];
          const [xa, t] = [bench.arena.tensor("xa", rows * 15), bench.arena.tensor("t", rows * 15)];
          const [gotY, gotDx] = await bench.run(
            (r) => {
              linearForward(r, { y, x: upload(x), weight, lora: { weights, xa }, rows });
              linearBackwardInput(r, { dx, dy: upload(dy), weight, lora: { weights, t }, rows });
            },
            [y, dx],
            {},
            forcedVariants(tile, "gpu"),
          );
          const forward = forwardReference(x, rounded, { rows, out, inSize, lora: reference });
          expect(relativeError(gotY!, forward)).toBeLessThan(2e-6);
          expect(
            relativeError(gotDx!, backwardReference(dy, rounded, { rows, out, inSize, lora: reference })),
          ).toBeLessThan(2e-6);
          // What LoRA adds is there to its last digits, though f16 knows no number as small.
          const base = forwardReference(x, rounded, { rows, out, inSize });
          const added = forward.map((v, i) => v - base[i]!);
          expect(Math.hypot(...added) / Math.hypot(...base)).toBeGreaterThan(1e-7);
        }
      }
    },
  );
}
