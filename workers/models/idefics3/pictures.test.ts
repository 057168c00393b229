import { describe, expect, test } from "vitest";
import { fromRgb } from "../../data/pictures/pixels.ts";
import { TabTuneError } from "../../errors.ts";
import { formatOf } from "../../testing/formats.ts";
import type { PictureSettings } from "../family.ts";
import sizes from "./fixtures/sizes.json" with { type: "json" };
import { type SplittingSpec, splittingOf } from "./pictures.ts";

const base = { tileSize: 512, longestEdge: 2048, split: true, maxImageTiles: null, slots: 64 };
const presets: Record<string, SplittingSpec & { slots: number }> = {
  "SmolVLM-256M/500M": base,
  "the same, longest_edge 1024": { ...base, longestEdge: 1024 },
  "the same, longest_edge 512": { ...base, longestEdge: 512 },
  "SmolVLM-2.2B sizes": { ...base, tileSize: 384, longestEdge: 1536, slots: 81 },
};

test.each(sizes)("$preset: a picture of $h x $w, as transformers cuts it", (size) => {
  const spec = presets[size.preset]!;
  const { resized, whole, rows, columns, tiles } = splittingOf({ height: size.h, width: size.w }, spec);
  expect([resized.height, resized.width]).toEqual(size.after_longest_edge_hw);
  expect([whole!.height, whole!.width]).toEqual(size.after_multiples_hw);
  expect({ rows, cols: columns, tiles }).toEqual({ rows: size.rows, cols: size.cols, tiles: size.tiles });
  expect(tiles * spec.slots).toBe(size.image_tokens);
});

/** Tiles of 16 pixels in patches of 4, shuffled by 2: 4 slots. */
const small = (processor: object = {}, settings: Partial<PictureSettings> = {}) =>
  formatOf(
    "idefics3",
    { size: { longest_edge: 48 }, max_image_size: { longest_edge: 16 }, ...processor },
    { tile: 16, patch: 4, scale_factor: 2, settings },
  );
const picture = (height: number, width: number) =>
  fromRgb(
    Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 37) % 256),
    { height, width },
  );

describe("marks and slots", () => {
  test("each tile behind the mark of its place, a line break after a row and another before the whole", () => {
    const format = small();
    const image = format.prepare(picture(30, 45));
    expect(image).toMatchObject({ tiles: 7, tokens: 28, height: 30, width: 45 });
    expect(image.pixels).toHaveLength(7 * 16 * 16 * 3);
    const [fake, slots] = ["<fake_token_around_image>", { slots: 4 }];
    expect(format.placeholder(image)).toEqual([
      ...[`${fake}<row_1_col_1>`, slots, `${fake}<row_1_col_2>`, slots, `${fake}<row_1_col_3>`, slots],
      ...[`\n${fake}<row_2_col_1>`, slots, `${fake}<row_2_col_2>`, slots, `${fake}<row_2_col_3>`, slots],
      ...[`\n\n${fake}<global-img>`, slots, fake],
    ]);
    // Two rows of three tiles: the first is a sixth of the picture.
    expect(format.firstTile!(image)).toEqual([0, 0, 1 / 3, 1 / 2]);
    expect([...format.featureRows(image, 3, 99)]).toEqual(Array.from({ length: 28 }, (_, i) => 12 + i));
  });

  test("unsplit there is the whole alone", () => {
    const format = small({ do_image_splitting: false });
    const image = format.prepare(picture(30, 45));
    expect(image).toMatchObject({ tiles: 1, tokens: 4 });
    expect(format).toMatchObject({ mostTiles: 1, tileSize: 16 });
    expect(format.firstTile!(image)).toEqual([0, 0, 1, 1]);
    expect(format.placeholder(image)).toEqual([
      "<fake_token_around_image><global-img>",
      { slots: 4 },
      "<fake_token_around_image>",
    ]);
  });

  test.each([
    [1, 1],
    [16, 16],
    [200, 3],
    [3, 200],
    [47, 48],
    [100, 64],
  ])("a picture of %i x %i has as many slots as features, and no more than any", (height, width) => {
    const format = small();
    const image = format.prepare(picture(height, width));
    const parts = format.placeholder(image);
    const slots = parts.reduce((sum, part) => sum + (typeof part === "string" ? 0 : part.slots), 0);
    expect(slots).toBe(image.tokens);
    expect(format.featureRows(image, 0, 0)).toHaveLength(slots);
    expect(image.tiles).toBeLessThanOrEqual(format.mostTiles);
    const length = parts.reduce((sum, part) => sum + (typeof part === "string" ? part.length : part.slots), 0);
    expect(length).toBeLessThanOrEqual(format.mostSlots);
  });
});

describe("what the recipe says", () => {
  test("splitting and the longer side, over the checkpoint's own", () => {
    expect(small({}, { doImageSplitting: false }).mostTiles).toBe(1);
    expect(small({ do_image_splitting: false }, { doImageSplitting: true }).mostTiles).toBe(10);
    expect(small({}, { imageLongestEdge: 32 }).mostTiles).toBe(5);
    expect(small({ do_resize: false }, { imageLongestEdge: 32 }).mostTiles).toBe(5);
  });

  test.each([
    [10, 10],
    [9, 5],
    [5, 5],
    [4, 1],
    [1, 1],
  ])("a cap of %i tiles: a square takes %i, by a smaller longest edge", (maxImageTiles, tiles) => {
    const format = small({}, { maxImageTiles });
    expect(format.mostTiles).toBe(tiles);
    expect(format.prepare(picture(50, 50)).tiles).toBe(tiles);
  });

  test("a narrow picture keeps its size under a cap that it does not reach", () => {
    expect(small({}, { maxImageTiles: 4 }).prepare(picture(10, 100)).tiles).toBe(4);
  });
});

test("pictures that are not resized before are cut as they are", () => {
  const image = small({ do_resize: false }).prepare(picture(17, 40));
  expect(image.tiles).toBe(7);
});

test.each([
  [{ resample: 3 }, /resample: only 1 \(Lanczos\) is done/],
  [{ size: { height: 5, width: 5 } }, /size.longest_edge/],
  [{ image_mean: [0.5] }, /image_mean/],
])("refused in a sentence: %o", (processor, message) => {
  expect(() => small(processor)).toThrow(TabTuneError);
  expect(() => small(processor)).toThrow(message);
});
