import { expect, test } from "vitest";
import { Planner } from "../gpu/buffers.ts";
import { newlineRow } from "./clip.ts";
import { parseConfig } from "./config.ts";
import { imageSlots } from "./feature-rows.ts";

const config = (kind: "llava" | "llava_next", changes: object = {}) =>
  parseConfig({
    model_type: kind,
    text_config: { model_type: "llama", hidden_size: 64, num_attention_heads: 4, intermediate_size: 128 },
    vision_config: { hidden_size: 32, intermediate_size: 64, num_attention_heads: 2, image_size: 4, patch_size: 2 },
    image_grid_pinpoints: [
      [4, 8],
      [8, 4],
      [8, 8],
    ],
    ...changes,
  });

test("LLaVA-1.5 takes a tile's rows in order", () => {
  const image = { height: 3, width: 9, tiles: 1, tokens: 4 };
  expect([...imageSlots(image, config("llava"), 0, 99)]).toEqual([0, 1, 2, 3]);
  expect([...imageSlots(image, config("llava"), 2, 99)]).toEqual([8, 9, 10, 11]);
  const full = config("llava", { vision_feature_select_strategy: "full" });
  expect([...imageSlots({ ...image, tokens: 5 }, full, 1, 99)]).toEqual([5, 6, 7, 8, 9]);
});

test("LLaVA-NeXT: the whole picture, then the grid row by row across its tiles, each row ended by image_newline", () => {
  // 8 x 8: four tiles of 2 x 2 patches behind the base tile; nothing is padding.
  const image = { height: 8, width: 8, tiles: 5, tokens: 4 + 4 * 5 };
  expect([...imageSlots(image, config("llava_next"), 0, 99)]).toEqual([
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
  const grid = imageSlots(image, config("llava_next"), 1, 99).slice(4);
  expect([...grid]).toEqual([8, 9, 12, 13, 99, 10, 11, 14, 15, 99]);
});

test("LLaVA-NeXT with one tile ends with image_newline", () => {
  const image = { height: 4, width: 4, tiles: 1, tokens: 5 };
  expect([...imageSlots(image, config("llava_next"), 3, 50)]).toEqual([12, 13, 14, 15, 50]);
});

test("a count that does not fit is an error, not a shifted picture", () => {
  const image = { height: 8, width: 8, tiles: 5, tokens: 23 };
  expect(() => imageSlots(image, config("llava_next"), 0, 99)).toThrow(/24 features for 23 image tokens/);
});

test("image_newline lies right behind the features, also where that is no border of bindings", () => {
  const table = new Planner().tensor("features", 10 * 88);
  expect(newlineRow(table, 9, 88)).toMatchObject({ offset: table.offset + 4 * 9 * 88, length: 88 });
});
