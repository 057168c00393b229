import { expect, test } from "vitest";
import type { ExampleImage } from "../../data/example.ts";
import { formatOf } from "../../testing/formats.ts";
import { packPictures } from "../pack-pictures.ts";

const grid = [
  [4, 8],
  [8, 4],
  [8, 8],
];
const format = (kind: "llava" | "llava_next", changes: object = {}) =>
  formatOf(kind, { size: 4, crop_size: 4 }, { tile: 4, patch: 2, image_grid_pinpoints: grid, ...changes });
const rows = (kind: "llava" | "llava_next", image: ExampleImage, firstTile: number, extraRow: number) => [
  ...format(kind).featureRows(image, firstTile, extraRow),
];

test("LLaVA-1.5 takes a tile's rows in order", () => {
  const image = { height: 3, width: 9, tiles: 1, tokens: 4 };
  expect(rows("llava", image, 0, 99)).toEqual([0, 1, 2, 3]);
  expect(rows("llava", image, 2, 99)).toEqual([8, 9, 10, 11]);
  const full = format("llava", { vision_feature_select_strategy: "full" });
  expect([...full.featureRows({ ...image, tokens: 5 }, 1, 99)]).toEqual([5, 6, 7, 8, 9]);
});

test("LLaVA-NeXT: the whole picture, then the grid row by row across its tiles, each row ended by image_newline", () => {
  // 8 x 8: four tiles of 2 x 2 patches behind the base tile; nothing is padding.
  const image = { height: 8, width: 8, tiles: 5, tokens: 4 + 4 * 5 };
  expect(rows("llava_next", image, 0, 99)).toEqual([
    ...[0, 1, 2, 3],
    ...[4, 5, 8, 9, 99],
    ...[6, 7, 10, 11, 99],
    ...[12, 13, 16, 17, 99],
    ...[14, 15, 18, 19, 99],
  ]);
});

test("LLaVA-NeXT: rows that only pad are cut away", () => {
  // 2 x 8 on the 4 x 8 grid: a quarter above and below is padding.
  const image = { height: 2, width: 8, tiles: 3, tokens: 4 + 2 * 5 };
  expect(rows("llava_next", image, 1, 99).slice(4)).toEqual([8, 9, 12, 13, 99, 10, 11, 14, 15, 99]);
});

test("LLaVA-NeXT with one tile ends with image_newline", () => {
  const image = { height: 4, width: 4, tiles: 1, tokens: 5 };
  expect(rows("llava_next", image, 3, 50)).toEqual([12, 13, 14, 15, 50]);
});

test("a count that does not fit is an error, not a shifted picture", () => {
  const image = { height: 8, width: 8, tiles: 5, tokens: 23 };
  const example = { row: 0, inputIds: new Int32Array(23).fill(3), kinds: new Uint8Array(23), images: [image] };
  const model = { pictures: format("llava_next"), imageTokenId: 3 };
  expect(() => packPictures([{ ...example, pixels: new Uint8Array() }], model, 23, 99)).toThrow(
    /24 features for 23 image tokens/,
  );
});
