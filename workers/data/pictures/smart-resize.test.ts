import { expect, test } from "vitest";
import { goldenBytes, goldenFolder, goldenTensors, goldenText } from "../../testing/oracle-folder.ts";
import sizes from "./fixtures/smart-sizes.json" with { type: "json" };
import { fromRgb } from "./pixels.ts";
import { prepareImage } from "./prepare-image.ts";
import { mostTilesOf, readSmartResize, smartPictures, smartSize, writtenLimits } from "./smart-resize.ts";

const none = { minPixels: null, maxPixels: null };
const files = (changes: object = {}) => ({
  ...{ patch_size: 4, merge_size: 2, size: { shortest_edge: 256, longest_edge: 1024 } },
  ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5], ...changes },
});
const small = (changes: object = {}) => {
  const { normalisation, ...spec } = readSmartResize(files(changes), none);
  return smartPictures(spec, normalisation);
};
const picture = (height: number, width: number) =>
  fromRgb(
    Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 37) % 256),
    { height, width },
  );

// Of transformers 5.18: smart_resize(h, w, factor, min_pixels, max_pixels).
test.each(sizes)(
  "blocks of %i, %i to %i pixels: %i x %i becomes %i x %i",
  (tileSize, minPixels, maxPixels, h, w, toH, toW) => {
    const spec = { tileSize: tileSize!, minPixels: minPixels!, maxPixels: maxPixels! };
    expect(smartSize({ height: h!, width: w! }, spec)).toEqual({ height: toH, width: toW });
    expect((toH! * toW!) / tileSize! ** 2).toBeLessThanOrEqual(mostTilesOf(spec));
  },
);

test("no picture has more tiles than the plan counts with", () => {
  for (const [minPixels, maxPixels] of [
    [1, 1024],
    [1024, 1024],
    [65536, 65536],
    [3136, 100_000],
  ] as const) {
    const spec = { tileSize: 32, minPixels, maxPixels };
    for (let height = 1; height < 3000; height = Math.ceil(height * 1.13))
      for (
        let width = Math.ceil(height / 200);
        width <= 200 * height && width < 9000;
        width = Math.ceil(width * 1.17)
      ) {
        const to = smartSize({ height, width }, spec);
        expect((to.height * to.width) / 32 ** 2, `${height} x ${width}`).toBeLessThanOrEqual(mostTilesOf(spec));
      }
  }
});

test("tiles are blocks, row by row, and each is a slot", () => {
  const format = small();
  const image = format.prepare(picture(16, 24));
  expect(image).toMatchObject({ tiles: 6, tokens: 6, height: 16, width: 24 });
  expect(format.grid!(image)).toEqual({ rows: 2, columns: 3 });
  // Line 9, column 17 is line 1, column 1 of the last tile.
  const at = 3 * (9 * 24 + 17);
  expect(image.pixels[5 * 192 + 3 * 9]).toBe((at * 37) % 256);
  expect(format.placeholder(image)).toEqual([{ slots: 6 }]);
  expect([...format.featureRows(image, 4, 99)]).toEqual([4, 5, 6, 7, 8, 9]);
});

test("the recipe's limits take the place of the file's, and older files name them otherwise", () => {
  expect(readSmartResize(files(), { minPixels: 512, maxPixels: 2048 })).toMatchObject({
    minPixels: 512,
    maxPixels: 2048,
  });
  expect(readSmartResize(files({ min_pixels: 300, max_pixels: 600 }), none)).toMatchObject({
    minPixels: 300,
    maxPixels: 600,
  });
  expect(readSmartResize({}, none)).toMatchObject({ tileSize: 28, minPixels: 3136, maxPixels: 1_003_520 });
});

test.each([
  [{ do_resize: false }, none, "unsupported-model"],
  [{ resample: 2 }, none, "unsupported-model"],
  [{ size: { shortest_edge: 5000, longest_edge: 1024 } }, none, "unsupported-model"],
  [{}, { minPixels: null, maxPixels: 100 }, "bad-recipe"],
  [{ size: { shortest_edge: 1, longest_edge: 1024 } }, { minPixels: null, maxPixels: 63 }, "bad-recipe"],
])("refused: %o with %o is %s", (changes, recipe, code) => {
  expect(() => readSmartResize(files(changes), recipe)).toThrow(expect.objectContaining({ code }));
});

test("the recipe's limits are written where whoever loads the files finds them", () => {
  expect(writtenLimits(files(), none)).toEqual({});
  const most = { minPixels: null, maxPixels: 512 };
  expect(writtenLimits(files(), most)).toEqual({ size: { shortest_edge: 256, longest_edge: 512 } });
  const older = { ...files(), min_pixels: 300, max_pixels: 600 };
  expect(writtenLimits(older, most)).toEqual({
    size: { shortest_edge: 300, longest_edge: 512 },
    ...{ min_pixels: 300, max_pixels: 512 },
  });
  expect(readSmartResize({ ...older, ...writtenLimits(older, most) }, none)).toMatchObject({
    minPixels: 300,
    maxPixels: 512,
  });
});

test("a strip that is too long is refused as a picture", () => {
  expect(() => small().prepare(picture(1, 201))).toThrow(expect.objectContaining({ code: "bad-image" }));
  expect(small().prepare(picture(1, 200)).tiles).toBeGreaterThan(0);
});

test.runIf(goldenFolder)("pictures of the golden case: bytes and values as Python", async () => {
  const { rows } = JSON.parse(goldenText("qwen3-vl/expected.json"));
  const tensor = goldenTensors("qwen3-vl/tensors.safetensors");
  const { normalisation, ...spec } = readSmartResize(
    JSON.parse(goldenText("qwen3-vl/model/preprocessor_config.json")),
    none,
  );
  const format = smartPictures(spec, normalisation);
  for (const row of rows)
    for (const [k, p] of row.pictures.entries()) {
      const key = `rows/${row.index}/pictures/${k}`;
      const isJpeg = p.kind.startsWith("jpg");
      const image = await prepareImage(goldenBytes(`qwen3-vl/data/${p.file}`), format);
      expect([image.height, image.width], key).toEqual(p.image_size_hw);
      expect([format.grid!(image).rows * 2, format.grid!(image).columns * 2], key).toEqual(p.grid);
      expect(image.tokens).toBe(p.n_image_tokens);
      const { shape, data } = tensor(`${key}/pixel_values_u8`);
      const [, height, width] = shape as [number, number, number];
      const side = spec.tileSize;
      const columns = width / side;
      let worst = 0;
      for (let i = 0; i < data.length; i++) {
        const [channel, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
        const tile = Math.floor(y / side) * columns + Math.floor(x / side);
        const got = image.pixels[3 * (tile * side ** 2 + (y % side) * side + (x % side)) + channel]!;
        worst = Math.max(worst, Math.abs(got - data[i]!));
      }
      expect(worst, key).toBeLessThanOrEqual(isJpeg ? 3 : 0);
      if (key !== "rows/0/pictures/0") continue;
      // [patches, (3, frames, P, P)], the patches of a block together.
      const values = tensor(`${key}/pixel_values`).data;
      const own = format.normalise(image.pixels, image.tiles);
      const patch = side / 2;
      const most = own.reduce((most, value, i) => {
        const [tile, inTile] = [Math.floor(i / (3 * side ** 2)), i % (3 * side ** 2)];
        const [channel, y, x] = [Math.floor(inTile / side ** 2), Math.floor(inTile / side) % side, inTile % side];
        const row = 4 * tile + 2 * Math.floor(y / patch) + Math.floor(x / patch);
        const inside = (y % patch) * patch + (x % patch);
        const of = (frame: number) => values[row * 6 * patch ** 2 + (2 * channel + frame) * patch ** 2 + inside]!;
        return Math.max(most, Math.abs(value - of(0)), Math.abs(value - of(1)));
      }, 0);
      expect(most, key).toBe(0);
    }
});
