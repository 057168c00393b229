/**
 * The ONNX tower beside our own kernels, on the same weights and pictures. Here the graph runs on onnxruntime-web's processor
 * backend; in the page (e2e/llava-next.spec.ts) on its WebGPU backend.
 */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-web";
import { describe, expect, test } from "vitest";
import type { Example } from "../../data/example.ts";
import { Arena, readBack, write } from "../../gpu/buffers.ts";
import { type GoldenCase, goldenExamples, loadGoldenModel, openGolden, recipeWith } from "../../testing/golden.ts";
import { relativeError } from "../../testing/gpu.ts";
import { featuresPerTile, towerRowsPerTile } from "../config.ts";
import { createEncoder } from "../encoder.ts";
import type { LoadedModel } from "../open.ts";
import { fitsOrt, fourBitOf } from "./ort.ts";
import { towerGraph } from "./tower-graph.ts";

async function ownFeatures(model: LoadedModel, pixels: Float32Array, tiles: number): Promise<Float32Array> {
  const { vlm, config } = model;
  const perTile = featuresPerTile(config);
  const arena = new Arena(vlm.gpu, vlm.counters);
  const table = arena.tensor("test/features", (tiles * perTile + 1) * config.decoder.hiddenSize);
  const encoder = await createEncoder(vlm, arena, {
    features: table,
    featureCapacity: tiles * perTile,
    tileCapacity: tiles,
  });
  write(vlm.gpu, encoder.buffers.tower.pixels, pixels);
  await encoder.tower.run(encoder.buffers, tiles);
  const length = tiles * towerRowsPerTile(config.tower) * config.tower.hiddenSize;
  const [features] = await readBack(vlm.gpu, [{ ...encoder.buffers.tower.features, length }]);
  arena.dispose();
  return features!;
}

async function ortFeatures(model: LoadedModel, pixels: Float32Array, tiles: number) {
  const { config, vlm, readTensor } = model;
  const graph = await towerGraph(config.tower, readTensor, (neutral, elements) => fourBitOf(vlm, neutral, elements));
  const session = await InferenceSession.create(graph, { executionProviders: ["wasm"] });
  const size = config.tower.imageSize;
  const { features } = await session.run({ pixels: new OrtTensor("float32", pixels, [tiles, 3, size, size]) });
  await session.release();
  return { dims: features!.dims, data: features!.data as Float32Array, bytes: graph.length };
}

const pictures = (model: LoadedModel, { pixels, images }: Example): [Float32Array, number] => [
  model.pictures.normalise(pixels, images[0]!.tiles),
  images[0]!.tiles,
];

describe.each<GoldenCase>(["llava-mha", "llava-next-mistral", "smolvlm", "onevision"])("%s", (name) => {
  test.each<[string, Record<string, unknown>]>([
    ["dense", { load_in_4bit: false }],
    ["nf4", { load_in_4bit: true, quantize_modules: ["vision_tower"] }],
    [
      "fp4, double quantisation",
      {
        load_in_4bit: true,
        bnb_4bit_quant_type: "fp4",
        bnb_4bit_use_double_quant: true,
        quantize_modules: ["vision_tower"],
      },
    ],
  ])("%s: features agree with our kernels", async (kind, changes) => {
    const golden = await openGolden(name);
    const model = await loadGoldenModel(golden, recipeWith(golden, "a", changes));
    const examples = await goldenExamples(golden, model);
    // A picture of several tiles, in a row by itself.
    const single = examples.filter(({ images }) => images.length === 1);
    const example = single.reduce((a, b) => (b.images[0]!.tiles > a.images[0]!.tiles ? b : a));
    const [pixels, tiles] = pictures(model, example);
    if (name !== "llava-mha") expect(tiles).toBeGreaterThan(2);
    const own = await ownFeatures(model, pixels, tiles);
    const ort = await ortFeatures(model, pixels, tiles);
    const { tower } = model.config;
    expect(ort.dims).toEqual([tiles, towerRowsPerTile(tower), tower.hiddenSize]);
    expect(relativeError(ort.data, own)).toBeLessThan(1e-5);
    if (kind !== "dense") return;
    const row = examples.indexOf(example);
    const expected =
      golden.tensor(`rows/${row}/vision_layer-2`) ?? golden.tensor(`rows/${row}/pictures/0/vision_features`);
    expect(relativeError(ort.data, expected!)).toBeLessThan(1e-5);
    // A 4-bit tower is another tower: the comparison above would see the dense weights in its place.
    const quantised = await loadGoldenModel(
      golden,
      recipeWith(golden, "a", { load_in_4bit: true, quantize_modules: ["vision_tower"] }),
    );
    const other = await ortFeatures(quantised, pixels, tiles);
    expect(relativeError(other.data, own)).toBeGreaterThan(1e-3);
    expect(other.bytes).toBeLessThan(ort.bytes / 2);
  });
});

test("a tower too large for onnxruntime's heap is left to our own kernels", async () => {
  const golden = await openGolden("llava-mha");
  const { config } = await loadGoldenModel(golden, recipeWith(golden, "a"));
  expect(fitsOrt(config)).toBe(true);
  const tower = { ...config.tower, hiddenSize: 4096, intermediateSize: 16384, layersUsed: 40 };
  expect(fitsOrt({ tower })).toBe(false);
});
