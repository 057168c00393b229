import { expect, test } from "vitest";
import { fromRgb } from "../../data/pictures/pixels.ts";
import { formatOf } from "../../testing/formats.ts";
import { random } from "../../testing/gpu.ts";
import { packPictures } from "../pack-pictures.ts";
import { picturesOf } from "../published.ts";
import { parseConfig } from "../registry.ts";

import sizes from "./fixtures/sizes.json" with { type: "json" };
import { llavaOnevision } from "./llava-onevision.ts";

const published = picturesOf(llavaOnevision.published["llava-hf/llava-onevision-qwen2-0.5b-ov-hf"]!.config);
/** A picture without pixels: sizes and slots do not depend on them. */
const blank = (height: number, width: number) => ({ height, width, rgbx: new Int32Array(height * width) });
const of = (format: typeof published, height: number, width: number, several?: boolean) => {
  const { pixels: _, ...image } = format.prepare(blank(height, width), several);
  return image;
};

test.each(sizes)("$h x $w at the published sizes: $tiles tiles, $image_tokens slots", ({ h, w, ...expected }) => {
  const image = of(published, h, w);
  expect(image).toMatchObject({ tiles: expected.tiles, tokens: expected.image_tokens });
  const rows = published.featureRows(image, 3, 99_999);
  expect(rows.length).toBe(image.tokens);
  expect(published.placeholder(image)).toEqual([{ slots: image.tokens }]);
  expect(image.tokens).toBeLessThanOrEqual(published.mostSlots);
  const sums = published.blend!(image, 3);
  expect(sums === undefined).toBe(expected.shrunk_hw_features === null);
  expect(rows.includes(-1)).toBe(sums !== undefined);
});

const grid = [
  [4, 4],
  [4, 8],
  [8, 4],
  [8, 8],
];
/** Tiles of 4 pixels, four features each; a picture has at most the features of `most` tiles. */
const small = (most: number, changes: object = {}) =>
  formatOf(
    "llava_onevision",
    { image_processor_type: "LlavaOnevisionImageProcessor", size: { height: 4, width: 4 }, image_mean: [0.5, 0.25, 1] },
    {
      ...{ tile: 4, patch: 2, image_grid_pinpoints: grid, vision_aspect_ratio: `anyres_max_${most}` },
      ...changes,
    },
  );

test("a grid that is not shrunk has its rows as in LLaVA-NeXT", () => {
  const image = of(small(9), 8, 8);
  expect(image).toMatchObject({ tiles: 5, tokens: 4 + 4 * 5 });
  expect([...small(9).featureRows(image, 0, 99)].slice(0, 14)).toEqual([0, 1, 2, 3, 4, 5, 8, 9, 99, 6, 7, 10, 11, 99]);
  expect(small(9).blend!(image, 0)).toBeUndefined();
});

test("a grid that is shrunk takes bilinear sums, without antialias", () => {
  // 4 x 4 features for the 2 x 2 of one tile: each is the mean of a square.
  const image = of(small(1), 8, 8);
  expect(image).toMatchObject({ tiles: 5, tokens: 4 + 2 * 3 });
  expect([...small(1).featureRows(image, 1, 99)]).toEqual([4, 5, 6, 7, -1, -1, 99, -1, -1, 99]);
  const { rows, weights } = small(1).blend!(image, 1)!;
  expect([...rows.slice(4 * 4, 4 * 5)]).toEqual([8, 9, 10, 11]);
  expect([...weights.slice(4 * 4, 4 * 5)]).toEqual([0.25, 0.25, 0.25, 0.25]);
  expect([...rows.slice(4 * 8, 4 * 9)], "the last, of the last tile").toEqual([20, 21, 22, 23]);
  expect([...rows.slice(4 * 6, 4 * 7)], "a newline").toEqual([-1, -1, -1, -1]);
});

test("every feature row goes into four sums at most, and the weights of a slot are one", () => {
  const next = random(1);
  for (let n = 0; n < 8; n++) {
    const [height, width] = [1 + Math.floor(next() * 2500), 1 + Math.floor(next() * 2500)];
    const image = of(published, height, width);
    expect(image.tokens).toBeLessThanOrEqual(published.mostSlots);
    const sums = published.blend!(image, 0);
    if (!sums) continue;
    const used = new Map<number, number>();
    for (const row of sums.rows) if (row >= 0) used.set(row, (used.get(row) ?? 0) + 1);
    expect(Math.max(...used.values())).toBeLessThanOrEqual(4);
    for (let i = 0; i < sums.rows.length; i += 4) {
      const total = sums.weights.slice(i, i + 4).reduce((a, b) => a + b);
      expect(Math.abs(total - (sums.rows[i]! >= 0 ? 1 : 0))).toBeLessThan(1e-6);
    }
  }
}, 60_000);

test("of several pictures in a row each is padded to a square in the mean colour: one tile and one newline", () => {
  const rgb = new Uint8Array(2 * 4 * 3).fill(200);
  const image = small(9).prepare(fromRgb(rgb, { width: 4, height: 2 }), true);
  expect(image).toMatchObject({ tiles: 1, tokens: 5, height: 2, width: 4 });
  const row = (values: number[]) => Array.from({ length: 4 }, () => values).flat();
  const padding = row([127, 63, 255]);
  expect([...image.pixels]).toEqual([...padding, ...row([200, 200, 200]), ...row([200, 200, 200]), ...padding]);
  expect([...small(9).featureRows(image, 2, 50)]).toEqual([8, 9, 10, 11, 50]);
  expect(small(9).blend!(image, 2)).toBeUndefined();
  const tall = small(9).prepare(fromRgb(rgb, { width: 2, height: 4 }), true);
  expect([...tall.pixels.slice(0, 12)]).toEqual([127, 63, 255, 200, 200, 200, 200, 200, 200, 127, 63, 255]);
});

test("a cap on the tiles leaves out larger grids; below the smallest the whole picture stands alone", () => {
  const capped = (maxImageTiles: number) => small(9, { settings: { maxImageTiles } });
  expect(of(capped(3), 8, 8)).toMatchObject({ tiles: 2 });
  expect(capped(3).mostTiles).toBe(3);
  const alone = of(capped(1), 8, 8);
  expect(alone).toMatchObject({ tiles: 1, tokens: 5 });
  expect(capped(1).featureRows(alone, 0, 9)).toEqual(Int32Array.of(0, 1, 2, 3, 9));
  expect(capped(1).mostSlots).toBeGreaterThanOrEqual(5);
});

test("a pack's slots and sums lie at its image tokens, whichever row they are in", () => {
  const pictures = small(1);
  const image = of(pictures, 8, 8);
  const plain = of(pictures, 4, 4, true);
  const example = (images: (typeof image)[], before: number) => {
    const inputIds = Int32Array.from([
      ...Array(before).fill(1),
      ...Array(images.reduce((sum, { tokens }) => sum + tokens, 0)).fill(7),
    ]);
    return { inputIds, images, pixels: new Uint8Array() };
  };
  const pack = packPictures([example([plain, plain], 2), example([image], 1)], { pictures, imageTokenId: 7 }, 23, 99);
  expect(pack.tiles).toBe(7);
  expect([...pack.slots]).toEqual([
    ...[-1, -1, 0, 1, 2, 3, 99, 4, 5, 6, 7, 99],
    ...[-1, 8, 9, 10, 11, -1, -1, 99, -1, -1, 99],
  ]);
  const sums = pictures.blend!(image, 2)!;
  expect([...pack.blend!.rows.slice(4 * 17, 4 * 18)]).toEqual([...sums.rows.slice(4 * 4, 4 * 5)]);
  expect(pack.blend!.rows.filter((row) => row >= 0)).toHaveLength(16);
});

const json = { model_type: "llava_onevision", text_config: {}, vision_config: {} };
test.each<[string, object, RegExp]>([
  ["another tower", { vision_config: { model_type: "clip_vision_model" } }, /vision tower type "clip_vision_model"/],
  ["a language model of another kind", { text_config: { model_type: "qwen3" } }, /language model type "qwen3"/],
  ["another limit", { vision_aspect_ratio: "pad" }, /"vision_aspect_ratio" is "pad", not anyres_max_N/],
  ["a grid of words", { image_grid_pinpoints: ["384x384"] }, /image_grid_pinpoints/],
  ["a patch dropped", { vision_feature_select_strategy: "default" }, /"default" would drop a patch/],
])("refused in a sentence: %s", (_, changes, message) => {
  expect(() => parseConfig({ ...json, ...changes })).toThrow(
    expect.objectContaining({ code: "unsupported-model", message: expect.stringMatching(message) }),
  );
});

test.each<[object, RegExp]>([
  [{ image_grid_pinpoints: [[4, 6]] }, /4 x 6, which 4 does not divide/],
  [{ image_grid_pinpoints: [] }, /names no grid/],
])("refused in a sentence: pictures of %j", (changes, message) => {
  expect(() => small(9, changes)).toThrow(message);
});
