import { expect, test } from "vitest";
import { newCounters, Planner, type Tensor } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { parseRecipe } from "../recipe.ts";
import { openGolden, openGoldenModel, recipeWith } from "../testing/golden.ts";
import { bytesOf, f32ToF16 } from "../weights/formats/dtype.ts";
import type { TensorContent } from "../weights/loading/prepare-tensors.ts";
import type { DecoderConfig } from "./config.ts";
import { fillWeight } from "./fill-weights.ts";
import { vocabularyWeights } from "./parts/head-weights.ts";
import { type Fill, type TensorFacts, WeightBuilder } from "./weight-builder.ts";
import { allocateWeights } from "./weights.ts";

/** A device that only notes what is written where. */
function writes() {
  const written: ({ to: GPUBuffer; at: number; bytes: Uint8Array } | "taken")[] = [];
  const writeBuffer = (to: GPUBuffer, at: number, bytes: Uint8Array): void => {
    written.push({ to, at, bytes: bytes.slice() });
  };
  const onSubmittedWorkDone = async (): Promise<void> => {
    written.push("taken");
  };
  return { written, gpu: { device: { queue: { writeBuffer, onSubmittedWorkDone } } } as unknown as Gpu };
}

test("a tensor that lies in parts is cut where the parts end, after it was turned into their format", async () => {
  const parts = [4, 2].map((length): Tensor => ({ buffer: {} as GPUBuffer, offset: 0, length }));
  const { written, gpu } = writes();
  const values = Float32Array.from({ length: 12 }, (_, i) => i - 5);
  const loaded = { kind: "dense", dtype: "F32", bytes: bytesOf(values) } as const;
  await fillWeight(gpu, { kind: "parts", format: "f16", parts }, loaded, newCounters());
  const halves = bytesOf(f32ToF16(values));
  expect(written).toEqual([
    { to: parts[0]!.buffer, at: 0, bytes: halves.slice(0, 16) },
    "taken",
    { to: parts[1]!.buffer, at: 0, bytes: halves.slice(16) },
    "taken",
  ]);
});

test.each(["dense", "parts", "host"] as const)("pieces of a tensor come to lie as the whole does: %s", async (kind) => {
  const parts = [8, 4, 4].map((length): Tensor => ({ buffer: {} as GPUBuffer, offset: 256, length }));
  const bytes = Uint8Array.from({ length: 60 }, (_, i) => i + 1);
  /** What lies in each buffer behind all writes. */
  const laid = async (pieces: TensorContent[]) => {
    const table = { format: "bf16" as const, out: 5, in: 6, bytes: new Uint8Array() };
    const fill: Fill =
      kind === "dense"
        ? { kind, format: "bf16", data: parts[0]!, at: 2 }
        : kind === "parts"
          ? { kind, format: "bf16", parts }
          : { kind, table };
    const { written, gpu } = writes();
    for (const piece of pieces) await fillWeight(gpu, fill, piece, newCounters());
    const buffers = parts.map(() => new Uint8Array(512));
    for (const w of written)
      if (w !== "taken") buffers[parts.findIndex(({ buffer }) => buffer === w.to)]!.set(w.bytes, w.at);
    return { buffers, table };
  };
  const piece = (from: number, to: number): TensorContent => ({
    ...{ kind: "dense", dtype: "BF16", bytes: bytes.slice(from, to), at: from },
  });
  const whole = await laid([{ kind: "dense", dtype: "BF16", bytes }]);
  expect([...whole.buffers, whole.table.bytes].flatMap((b) => [...b].filter((v) => v > 0))).toEqual([...bytes]);
  // Across the borders of the parts at 32 and 48, and begun anew.
  expect(await laid([piece(0, 20), piece(0, 20), piece(20, 40), piece(40, 60)])).toEqual(whole);
});

test("a large tensor goes up slice by slice, each when the one before it was taken", async () => {
  const { written, gpu } = writes();
  const values = Float32Array.from({ length: 2 ** 22 + 3 }, (_, i) => i);
  const fill: Fill = {
    kind: "dense",
    format: "f32",
    data: { buffer: {} as GPUBuffer, offset: 256, length: 2 ** 23 },
    at: 64,
  };
  await fillWeight(gpu, fill, { kind: "dense", dtype: "F32", bytes: bytesOf(values) }, newCounters());
  expect(written.map((w) => (w === "taken" ? w : [w.at, w.bytes.length]))).toEqual([
    [512, 2 ** 24],
    "taken",
    [512 + 2 ** 24, 12],
    "taken",
  ]);
  expect(written[2]).toMatchObject({ bytes: bytesOf(values.slice(-3)) });
});

test("block maxima of what is quantised here take 16 bits, of double quantisation 32", async () => {
  const golden = await openGolden("llava-mha");
  const { config, checkpoint, quant } = await openGoldenModel(golden, recipeWith(golden, "b"));
  const absmaxOf = (doubleQuant: boolean) => {
    const { fills } = allocateWeights(new Planner(), config, checkpoint.tensors, { ...quant!, doubleQuant });
    return [...fills.values()].filter((fill) => fill.kind === "4bit");
  };
  const [halves, floats] = [absmaxOf(false), absmaxOf(true)];
  expect(halves.length).toBeGreaterThan(0);
  expect(new Set(halves.map((fill) => fill.absmaxFormat))).toEqual(new Set(["f16"]));
  expect(new Set(floats.map((fill) => fill.absmaxFormat))).toEqual(new Set(["f32"]));
  halves.forEach((fill, i) => {
    expect(fill.absmax.length).toBe(Math.ceil(floats[i]!.absmax.length / 2));
    expect(fill.absmaxAt).toBe(floats[i]!.absmaxAt / 2);
  });
});

test("block maxima are packed two to a word where f16 was planned, and refused where they would be rounded", async () => {
  const tensor = (length: number): Tensor => ({ buffer: {} as GPUBuffer, offset: 0, length });
  const fill: Fill = {
    kind: "4bit",
    type: "nf4",
    blockSize: 64,
    codes: tensor(24),
    codesAt: 0,
    absmax: tensor(4),
    absmaxAt: 2,
    absmaxFormat: "f16",
  };
  const loaded = (...absmax: number[]): TensorContent => ({
    kind: "4bit",
    codes: new Uint8Array(96),
    absmax: new Float32Array(absmax),
  });
  const { written, gpu } = writes();
  await fillWeight(gpu, fill, loaded(0.5, 1.25, 2 ** -24), newCounters());
  const maxima = bytesOf(f32ToF16(new Float32Array([0.5, 1.25, 2 ** -24, 0])));
  expect(written[2]).toMatchObject({ at: 8, bytes: maxima });
  await expect(fillWeight(gpu, fill, loaded(0.5, 0.1, 1), newCounters())).rejects.toThrow(/block 1 is 0.1/);
});

test("without an lm_head the embedding is the head where config.json says so, and a lost tensor where it does not", async () => {
  const { config, checkpoint } = await openGoldenModel(await openGolden("own-tiny"), parseRecipe({}));
  const headless = new Map([...checkpoint.tensors].filter(([name]) => !name.includes("lm_head")));
  const allocate = (tiedHead: boolean) =>
    allocateWeights(new Planner(), { ...config, decoder: { ...config.decoder, tiedHead } }, headless, undefined);
  expect(() => allocate(false)).toThrow(
    expect.objectContaining({ code: "missing-tensor", message: expect.stringMatching(/lm_head.*tie_word_embeddings/) }),
  );
  const { head, embed } = allocate(true).weights;
  expect(head).toBe(embed);
});

test("a tied table of 152,000 rows lies once, in parts that every adapter binds", () => {
  const [vocab, hiddenSize] = [152_000, 896];
  const planner = new Planner();
  const facts: TensorFacts = { dtype: "F16", shape: [vocab, hiddenSize] };
  const tensors = new Map([["language_model.embed_tokens.weight", facts]]);
  const build = new WeightBuilder(planner, tensors, [], undefined);
  const { head, embed } = vocabularyWeights(build, { hiddenSize, tiedHead: true } as DecoderConfig);
  expect(head).toBe(embed);
  expect(head.parts.map(({ out }) => out)).toEqual([74_880, 74_880, 2240]);
  expect(planner.largest.bytes).toBeLessThanOrEqual(128 * 1024 * 1024);
  expect(planner.totalBytes).toBe(vocab * hiddenSize * 2);
  expect(build.parameters).toBe(vocab * hiddenSize);
});
