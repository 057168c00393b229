import { expect, test } from "vitest";
import { thumbnailOf } from "./preview.ts";

const size = 448;
/** One tile whose pixel tells its column and its line. */
const pixels = new Uint8Array(3 * size * size);
for (let p = 0; p < size * size; p++) pixels.set([p % size, Math.floor(p / size) % 256, 7], 3 * p);
const images = [{ tiles: 1 }] as unknown as Parameters<typeof thumbnailOf>[0]["images"];

test("a picture is made small as means of squares of its pixels", () => {
  const small = thumbnailOf({ images, pixels }, {}, 224)!;
  expect(small.size).toBe(224);
  // The third square of the second line: columns 4 and 5 of lines 2 and 3. A half goes to the even number.
  expect([...small.rgba.subarray(4 * (224 + 2), 4 * (224 + 3))]).toEqual([4, 2, 7, 255]);
});

test("one that is small enough stays as it is", () => {
  const whole = thumbnailOf({ images, pixels }, {}, 1000)!;
  expect(whole.size).toBe(size);
  expect([...whole.rgba.subarray(4 * (size + 3), 4 * (size + 3) + 4)]).toEqual([3, 1, 7, 255]);
});

test("a thumbnail says of which part of which picture it is, unless the row has several", () => {
  const image = { height: 100, width: 200, tiles: 1, tokens: 1 };
  const cropped = { firstTile: (): [number, number, number, number] => [0.25, 0, 0.75, 1] };
  expect(thumbnailOf({ images: [image], pixels }, cropped)!.shown).toEqual({
    part: [0.25, 0, 0.75, 1],
    size: { width: 200, height: 100 },
  });
  const resized = { resized: ({ width, height }: { width: number; height: number }) => ({ width: width * 2, height }) };
  expect(thumbnailOf({ images: [image], pixels }, resized)!.shown).toEqual({
    part: [0, 0, 1, 1],
    size: { width: 200, height: 100 },
    resized: { width: 400, height: 100 },
  });
  const two = new Uint8Array(2 * pixels.length);
  expect(thumbnailOf({ images: [image, image], pixels: two }, {})).not.toHaveProperty("shown");
});

test("a picture whose tiles see each other is shown whole, in a square", () => {
  // 2 rows of 3 tiles of 2 x 2 pixels: each tile has one colour, its number.
  const blocks = Uint8Array.from({ length: 6 * 4 * 3 }, (_, i) => Math.floor(i / 12));
  const image = { height: 40, width: 60, tiles: 6, tokens: 6 };
  const free = { grid: () => ({ rows: 2, columns: 3 }), resized: () => ({ width: 6, height: 4 }) };
  const { size, rgba, shown } = thumbnailOf({ images: [image], pixels: blocks }, free)!;
  expect(size).toBe(6);
  const reds = Array.from({ length: 6 }, (_, y) => Array.from({ length: 6 }, (_, x) => rgba[4 * (6 * y + x)]));
  expect(reds).toEqual([
    [127, 127, 127, 127, 127, 127],
    [0, 0, 1, 1, 2, 2],
    [0, 0, 1, 1, 2, 2],
    [3, 3, 4, 4, 5, 5],
    [3, 3, 4, 4, 5, 5],
    [127, 127, 127, 127, 127, 127],
  ]);
  // Half a picture's height is 2 pixels of its 4: the margin is a quarter of it.
  expect(shown).toEqual({
    part: [0, -0.25, 1, 1.25],
    size: { width: 60, height: 40 },
    resized: { width: 6, height: 4 },
  });
  expect(thumbnailOf({ images: [image], pixels: blocks }, free, 3)!.size).toBe(3);
});

test("of an example that nobody knows how it was prepared, its first tile is shown, and no place in its picture", () => {
  const image = { height: 100, width: 200, tiles: 1, tokens: 1 };
  const { size: side, shown } = thumbnailOf({ images: [image], pixels }, undefined)!;
  expect([side, shown]).toEqual([size, undefined]);
});
