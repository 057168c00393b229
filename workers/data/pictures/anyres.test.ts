import { describe, expect, test } from "vitest";
import { formatOf } from "../../testing/formats.ts";
import { fromBase64, maxDifference } from "../../testing/pictures.ts";
import { anyresLayout, selectBestResolution } from "./anyres.ts";
import golden from "./fixtures/processors.json" with { type: "json" };
import { prepareImage } from "./prepare-image.ts";

const sizes = {
  tile: golden.preprocessor.crop_size.height,
  patch: 14,
  image_grid_pinpoints: golden.preprocessor.image_grid_pinpoints,
};
const format = formatOf("llava_next", golden.preprocessor, sizes);

test.each(golden.anyres)("$h x $w at $image_size", (unit) => {
  const gridPinpoints = unit.pinpoints_hw as [number, number][];
  const layout = anyresLayout(unit.h, unit.w, { tileSize: unit.image_size, patchSize: unit.patch, gridPinpoints });
  expect(selectBestResolution(unit.h, unit.w, gridPinpoints)).toEqual(unit.best_hw);
  expect([layout.gridHeight * unit.image_size, layout.gridWidth * unit.image_size]).toEqual(unit.best_hw);
  expect([layout.resizedHeight, layout.resizedWidth]).toEqual(unit.resized_hw);
  expect([layout.padTop, layout.padLeft]).toEqual([unit.pad_top, unit.pad_left]);
  expect(layout.tiles).toBe(unit.tiles);
  expect(layout.tokens).toBe(unit.image_tokens);
});

test.each(golden.next)("$name: tiles and values as Python", async (row) => {
  const image = await prepareImage(fromBase64(row.file), format);
  expect(image).toMatchObject({ tiles: row.tiles, tokens: row.tokens });
  expect([image.height, image.width]).toEqual(row.image_size_hw);
  const values = Array.from(format.normalise(image.pixels, image.tiles));
  const sampled = values.filter((_, i) => i % 97 === 0);
  expect(maxDifference(sampled, row.pixel_values_every_97th)).toBeLessThan(2e-6);
});

describe("maxImageTiles", () => {
  const bytes = fromBase64(golden.next[0]!.file);
  test.each([
    [null, 3, 44],
    [3, 3, 44],
    [2, 1, 17],
    [1, 1, 17],
  ])("%s -> %i tiles, %i tokens", async (maxImageTiles, tiles, tokens) => {
    const image = await prepareImage(
      bytes,
      formatOf("llava_next", golden.preprocessor, { ...sizes, settings: { maxImageTiles } }),
    );
    expect(image).toMatchObject({ tiles, tokens });
    expect(image.pixels.length).toBe(tiles * 56 * 56 * 3);
  });
});

test.each<[string, object, string]>([
  ["a grid the tile does not divide", { image_grid_pinpoints: [[56, 100]] }, "56 x 100"],
  ["no grid", { image_grid_pinpoints: [] }, "missing"],
  ["full features", { vision_feature_select_strategy: "full" }, "full"],
])("%s is refused", (_, change, words) => {
  expect(() => formatOf("llava_next", golden.preprocessor, { ...sizes, ...change })).toThrow(
    expect.objectContaining({ code: "unsupported-model", message: expect.stringContaining(words) }),
  );
});
