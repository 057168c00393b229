/**
 * As oracle.test.ts, for families whose rows have any number of pictures (reference/fixtures/README.md): text, pixels, features of each
 * picture, losses token by token, gradients of LoRA on all linears, moments, final adapters, greedy answers, variants of the files.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { createChat } from "../chat/generate.ts";
import { packExamples } from "../data/batches/pack.ts";
import { concatPixels, type Example, labelsOf, picturesOf, tilesOf } from "../data/example.ts";
import type { Grid, PictureFormat } from "../data/pictures/format.ts";
import { prepareImage } from "../data/pictures/prepare-image.ts";
import { Arena, readBack } from "../gpu/buffers.ts";
import { axesOf, featuresPerTile, towerRowsPerTile } from "../models/config.ts";
import { createEncoder } from "../models/encoder.ts";
import { type LoadedModel, openModel } from "../models/open.ts";
import { packPictures } from "../models/pack-pictures.ts";
import { allocateFeatures } from "../models/pass.ts";
import { tokenPositions } from "../models/token-positions.ts";
import { memoryStore } from "../storage/memory.ts";
import { readerOfBlob } from "../storage/range-reader.ts";
import { accept, compare, compareFinal } from "../testing/compare.ts";
import {
  type FinishedRun,
  type Golden,
  type GoldenCase,
  type GoldenRow,
  goldenDataset,
  goldenExamples,
  goldenFiles,
  goldenInit,
  loadGoldenModel,
  openGolden,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";
import { relativeError } from "../testing/gpu.ts";
import { maxDifference } from "../testing/pictures.ts";
import { createEvaluation } from "../training/step.ts";
import { filesFromDirectory } from "../weights/hub/fs-files.ts";
import { type ModelFiles, modelFiles } from "../weights/hub/source.ts";

/** A golden's files with those of a variant in their places; null leaves one out. */
async function variantFiles(golden: Golden, changed: Record<string, unknown>): Promise<ModelFiles> {
  const files = await filesFromDirectory(golden.modelFolder);
  const names = [...new Set([...files.names(), ...Object.keys(changed)])].filter((name) => changed[name] !== null);
  return modelFiles("variant", names, async (name) =>
    changed[name] === undefined ? files.open(name) : readerOfBlob(new Blob([JSON.stringify(changed[name])])),
  );
}

function expectRows(examples: readonly Example[], rows: readonly GoldenRow[]): void {
  expect(examples).toHaveLength(rows.length);
  rows.forEach((row, i) => {
    const example = examples[i]!;
    expect([...example.inputIds], `row ${i}`).toEqual(row.input_ids);
    expect([...labelsOf(example, "all-text")], `row ${i}`).toEqual(row.labels_all);
    expect([...labelsOf(example, "responses")], `row ${i}`).toEqual(row.labels_response);
    const isFree = row.position_ids !== undefined;
    // At free size a tile is one slot; the oracle counts a picture.
    const tilesOfOne = (picture: GoldenRow["pictures"][number]) => (isFree ? picture.n_image_tokens : picture.n_tiles);
    expect(example.images.map(({ tiles }) => tiles)).toEqual(row.pictures.map(tilesOfOne));
  });
}

/** The places of [3, H, W] pixels, of tiles beside each other where a picture has a grid of them, among [tiles, S, S, 3]. */
function planes(pixels: Uint8Array, side: number, { rows, columns }: Grid): Uint8Array {
  const [height, width] = [rows * side, columns * side];
  const area = height * width;
  return Uint8Array.from({ length: pixels.length }, (_, n) => {
    const image = Math.floor(n / (3 * area));
    const [plane, place] = [Math.floor(n / area) % 3, n % area];
    const [y, x] = [Math.floor(place / width), place % width];
    const tile = image * rows * columns + Math.floor(y / side) * columns + Math.floor(x / side);
    return pixels[3 * ((tile * side + (y % side)) * side + (x % side)) + plane]!;
  });
}

/** [3, H, W] -> [tiles, 3, S, S] of a picture with a grid of tiles. */
function tilesOfPlanes(pixels: Uint8Array, side: number, { rows, columns }: Grid): Uint8Array {
  const [height, width] = [rows * side, columns * side];
  return Uint8Array.from({ length: pixels.length }, (_, n) => {
    const [tile, place] = [Math.floor(n / (3 * side ** 2)), n % side ** 2];
    const plane = Math.floor(n / side ** 2) % 3;
    const y = Math.floor(tile / columns) * side + Math.floor(place / side);
    const x = (tile % columns) * side + (place % side);
    return pixels[(plane * height + y) * width + x]!;
  });
}

const single: Grid = { rows: 1, columns: 1 };

/** The oracle's pixels are [3, H, W] of each tile, or of the whole picture at free size. JPEG decoders may differ by a level or two, which resizing may not widen. */
function expectPixels(
  golden: Golden,
  prefix: string,
  { examples, pictures }: { examples: readonly Example[]; pictures: PictureFormat },
  rows: readonly GoldenRow[],
): number {
  let compared = 0;
  for (const [i, example] of examples.entries()) {
    for (const [k, image] of picturesOf(example).entries()) {
      const expected = golden.bytes(`${prefix}rows/${i}/pictures/${k}/pixel_values_u8`)!;
      const turned = planes(image.pixels, pictures.tileSize, pictures.grid?.(image) ?? single);
      const isJpeg = /\.jpe?g$/.test(rows[i]!.pictures[k]!.file);
      expect(maxDifference(turned, expected), `row ${i}, picture ${k}`).toBeLessThanOrEqual(isJpeg ? 4 : 0);
      compared += 1;
    }
  }
  return compared;
}

describe.each<GoldenCase>(["smolvlm", "llava-qwen", "onevision", "qwen3-vl"])("%s", (name) => {
  let golden: Golden;
  let plain: LoadedModel;
  let nf4: LoadedModel;
  let examples: Example[];
  beforeAll(async () => {
    golden = await openGolden(name);
    plain = await loadGoldenModel(golden, recipeWith(golden, "a"));
    nf4 = await loadGoldenModel(golden, recipeWith(golden, "c"));
    examples = await goldenExamples(golden, plain);
  });

  /** Few, so that rows take several calls; of pictures at free size as many as the largest has. */
  const tileCapacity = (): number => (plain.pictures.grid ? plain.pictures.mostTiles : 4);

  test("token ids, labels and tiles are exact", () => {
    expectRows(examples, golden.expected.rows);
    examples.forEach(({ images }, i) => {
      const { pictures } = golden.expected.rows[i]!;
      expect(images.map(({ tokens }) => tokens)).toEqual(pictures.map((picture) => picture.n_image_tokens));
    });
  });

  test("pixels are the oracle's bytes, and become its floats", () => {
    const { pictures } = plain;
    expect(expectPixels(golden, "", { examples, pictures }, golden.expected.rows)).toBeGreaterThan(8);
    const all = Uint8Array.from({ length: 3 * 256 }, (_, i) => i / 3);
    const values = plain.pictures.normalise(all, 1);
    for (let u8 = 0; u8 < 256; u8++) {
      expect(values[u8]).toBe(Math.fround(Math.fround(Math.fround(u8 * 0.00392156862745098) - 0.5) / 0.5));
    }
  });

  test("positions of tokens are exact", () => {
    for (const [i, { position_ids: expected }] of golden.expected.rows.entries()) {
      const { positions } = tokenPositions([examples[i]!], plain);
      const axes = axesOf(plain.config.decoder);
      const tokens = examples[i]!.inputIds.length;
      const own = Array.from({ length: axes }, (_, axis) => [...positions].filter((_, n) => n % axes === axis));
      expect(own, `row ${i}`).toEqual(expected ?? [Array.from({ length: tokens }, (_, t) => t)]);
    }
  });

  test("variants of the files", async () => {
    for (const variant of golden.expected.variants ?? []) {
      const model = await openModel(await variantFiles(golden, variant.files), recipeWith(golden, "a"));
      const own = await goldenExamples(golden, model);
      const same = variant.rows.length === 0;
      expectRows(own, same ? golden.expected.rows : variant.rows);
      if (same) expect(concatPixels(own)).toEqual(concatPixels(examples));
      else {
        const { pictures } = model;
        const prefix = `variants/${variant.name}/`;
        expect(expectPixels(golden, prefix, { examples: own, pictures }, variant.rows)).toBeGreaterThan(8);
      }
      const { modelType: _, ...config } = plain.config;
      expect(model.config).toMatchObject(config);
    }
  });

  test("features of the tower, and what the text gets of them", async () => {
    const { vlm, config, pictures } = plain;
    const { hiddenSize } = config.decoder;
    const capacity = Math.max(...examples.flatMap(({ images }) => images.map(({ tiles }) => tiles)));
    const features = capacity * featuresPerTile(config);
    const arena = new Arena(vlm.gpu, vlm.counters);
    const { imageFeatures: table, deepstack } = allocateFeatures(arena, config, features);
    const encoder = await createEncoder(vlm, arena, {
      ...{ features: table, deepstack, featureCapacity: features, tileCapacity: capacity },
    });
    const compared = { vision: 0, embedded: 0, deepstack: 0 };
    for (const [i, { images }] of examples.entries()) {
      for (const [k, image] of images.entries()) {
        const place = `rows/${i}/pictures/${k}`;
        const embedded = golden.tensor(`${place}/image_embeds`);
        if (!embedded) continue;
        const grid = pictures.grid?.(image);
        const bytes = grid
          ? tilesOfPlanes(golden.bytes(`${place}/pixel_values_u8`)!, pictures.tileSize, grid)
          : golden.bytes(`${place}/pixel_values_u8`)!;
        const floats = Float32Array.from(bytes, (u8) => Math.fround(Math.fround(u8 * 0.00392156862745098) - 0.5) / 0.5);
        await encoder.encode(floats, { firstTile: 0, tiles: image.tiles, grids: grid ? [grid] : [] });
        const rows = image.tiles * towerRowsPerTile(config.tower);
        const [vision, all, ...added] = await readBack(vlm.gpu, [
          { ...encoder.buffers.tower.features, length: rows * config.tower.hiddenSize },
          table,
          ...deepstack,
        ]);
        for (const [n, own] of added.entries()) {
          const features = golden.tensor(`${place}/deepstack/${n}`);
          if (!features) continue;
          expect(relativeError(own.subarray(0, features.length), features), `${place}, ${n}`).toBeLessThan(
            accept.features,
          );
          compared.deepstack += 1;
        }
        const expected = golden.tensor(`${place}/vision_features`);
        if (expected) {
          expect(relativeError(vision!, expected), place).toBeLessThan(accept.features);
          compared.vision += 1;
        }
        const inputIds = new Int32Array(image.tokens).fill(1);
        const example = { inputIds, images: [image], pixels: new Uint8Array() };
        const { slots, blend } = packPictures([example], { pictures, imageTokenId: 1 }, image.tokens, features);
        const rowOf = (slot: number) => all!.subarray(slot * hiddenSize, (slot + 1) * hiddenSize);
        const spliced = [...slots].flatMap((slot, t) => {
          if (slot >= 0) return [...rowOf(slot)];
          const taps = [0, 1, 2, 3].map((k) => 4 * t + k).filter((k) => blend!.rows[k]! >= 0);
          const rows = taps.map((k) => rowOf(blend!.rows[k]!).map((value) => value * blend!.weights[k]!));
          return [...rows[0]!].map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0));
        });
        expect(relativeError(spliced, embedded), place).toBeLessThan(accept.features);
        compared.embedded += 1;
      }
    }
    expect(compared.vision).toBeGreaterThan(2);
    expect(compared.embedded).toBeGreaterThan(8);
    if (deepstack.length > 0) expect(compared.deepstack).toBeGreaterThan(5);
    arena.dispose();
  });

  test("loss of every token of the first micro-batch, and of each row's answers alone", async () => {
    for (const run of Object.keys(golden.expected.runs)) {
      const recipe = recipeWith(golden, run);
      const model = run === "a" ? plain : run === "d" ? await loadGoldenModel(golden, recipe) : nf4;
      const batch = golden.expected.runs[run]!.steps[0]!.rows[0]!.map((row) => examples[row]!);
      const labels = batch.map((example) => labelsOf(example, recipe.trainOn));
      const pack = packExamples(batch, labels);
      const tiles = Math.max(1, tilesOf({ images: batch.flatMap(({ images }) => images) }));
      const capacity = { rows: pack.rows, labelRows: pack.rows, features: tiles * featuresPerTile(model.config) };
      const runner = await createEvaluation(model.vlm, { capacity, tileCapacity: tileCapacity() });
      const expected = golden.tensor(`${run}/step1/nll`)!;
      expect(maxDifference(await runner.losses(pack), expected), `run ${run}`).toBeLessThan(accept.nll);
      await runner.dispose();
    }
    const rows = Math.max(...examples.map(({ inputIds }) => inputIds.length));
    const tiles = Math.max(1, ...examples.map(tilesOf));
    const capacity = { rows, labelRows: rows, features: tiles * featuresPerTile(plain.config) };
    const runner = await createEvaluation(plain.vlm, { capacity, tileCapacity: tileCapacity() });
    for (const [i, example] of examples.entries()) {
      const losses = await runner.losses(packExamples([example], [labelsOf(example, "responses")]));
      const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
      // A picture of a JPEG may be a level off.
      expect(Math.abs(mean - golden.expected.rows[i]!.loss_response_fp32), `row ${i}`).toBeLessThan(1e-4);
    }
    await runner.dispose();
  });

  const runs = [
    { run: "a", gradientsOf: [1, 3], moments: true },
    { run: "c", gradientsOf: [1, 3], moments: false },
    { run: "d", gradientsOf: [1, 3], moments: true },
    { run: "e", gradientsOf: [], moments: false },
  ];
  // The oracle ran LoRA on all linears for two of the families.
  describe.each(runs.filter(({ run }) => run !== "d" || name === "smolvlm" || name === "llava-qwen"))(
    "run $run",
    ({ run, gradientsOf, moments }) => {
      let model: LoadedModel;
      let finished: FinishedRun;
      beforeAll(async () => {
        const recipe = recipeWith(golden, run);
        model = run === "a" ? plain : run === "d" ? await loadGoldenModel(golden, recipe) : nf4;
        const dataset = await goldenDataset(model, memoryStore(), await goldenFiles(golden));
        const { steps } = golden.expected.runs[run]!;
        finished = await runToEnd(model, recipe, {
          ...{ dataset, gradientsOf, loraInit: goldenInit(golden, run), stopAfter: steps.length },
        });
      });

      test("every step's loss, gradient norm, learning rate and targets", () => {
        const { steps } = golden.expected.runs[run]!;
        expect(finished.records).toHaveLength(steps.length);
        finished.records.forEach((record, i) => {
          const step = steps[i]!;
          expect(record.targetTokens).toBe(step.n_targets);
          expect(Math.abs(record.loss - step.loss), `loss of step ${i + 1}`).toBeLessThan(accept.loss);
          expect(Math.abs(record.gradNorm / step.grad_norm - 1), `norm of step ${i + 1}`).toBeLessThan(accept.gradNorm);
          expect(Math.abs(record.learningRate - step.lr)).toBeLessThanOrEqual(1e-12 * step.lr);
        });
      });

      test.runIf(gradientsOf.length > 0)("gradients", () => {
        for (const step of gradientsOf) {
          const { error, count } = compare(golden, `${run}/grad/step${step}`, finished.gradients.get(step)!);
          expect(count).toBeGreaterThan(2);
          expect(error, `step ${step}`).toBeLessThan(step === 1 ? accept.firstGradients : accept.laterGradients);
        }
      });

      test("final adapter", () => {
        const learningRate = Number(golden.expected.runs[run]!.settings.lr);
        const off = compareFinal(golden, run, run, finished.adapter, learningRate);
        expect(off.offTenth).toBeLessThan(1e-3);
        expect(off.offHundredth).toBeLessThan(1e-2);
        expect(off.turned).toBeLessThan(accept.update);
      });

      test.runIf(moments)("Adam moments", () => {
        for (const [moment, values] of [
          ["adam_m", finished.firstMoments],
          ["adam_v", finished.secondMoments],
        ] as const) {
          const { error, count } = compare(golden, `${run}/${moment}`, values);
          expect(count).toBeGreaterThan(5);
          expect(error, moment).toBeLessThan(accept.moments);
        }
      });

      test.runIf(run === "e")("greedy answers with and without the adapter", async () => {
        const answers = golden.expected.generation.e!;
        const longest = Math.max(...answers.map((answer) => answer.input_ids.length));
        const chat = await createChat(model.vlm, finished.live.adapter, { contextRows: longest + 16, tiles: 120 });
        let compared = 0;
        for (const { files, input_ids, row, ...answer } of answers) {
          const images = await Promise.all(
            files!.map((file) =>
              prepareImage(readFileSync(`${golden.dataFolder}/${file}`), model.pictures, files!.length > 1),
            ),
          );
          const prompt = { inputIds: Int32Array.from(input_ids), images, pixels: concatPixels(images) };
          for (const side of ["adapter_on", "adapter_off"] as const) {
            const { ids } = await chat.generate(prompt, side === "adapter_on", {
              ...{ maxNewTokens: 16, eosIds: model.eosIds, temperature: 0, topP: 1, seed: 0 },
            });
            const close = answer[side].margins.findIndex((margin) => margin < accept.margin);
            const count = close < 0 ? answer[side].ids.length : close;
            expect(ids.slice(0, count), `row ${row}, ${side}`).toEqual(answer[side].ids.slice(0, count));
            if (close < 0) expect(ids.length).toBe(count);
            compared += count;
          }
        }
        expect(compared).toBeGreaterThan(8);
        await chat.dispose();
      });
    },
  );
});
