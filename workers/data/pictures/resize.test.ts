import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fromBase64, imageOf } from "../../testing/pictures.ts";
import { plainResize } from "../../testing/plain-resize.ts";
import lanczos from "./fixtures/lanczos.json" with { type: "json" };
import pictures from "./fixtures/pictures.json" with { type: "json" };
import { resizeBicubic, resizeLanczos, type Window } from "./resize.ts";

/** A window somewhere inside [height, width]. */
const windowOf = (height: number, width: number): Window => ({
  top: height >> 2,
  left: width >> 1,
  height: (height + 1) >> 1,
  width: (width + 1) >> 1,
});

/** That part of [H, width, 3]. */
function partOf(all: Uint8Array, width: number, window: Window): Uint8Array {
  const rows = Array.from({ length: window.height }, (_, y) => ((window.top + y) * width + window.left) * 3);
  return Uint8Array.from(rows.flatMap((at) => [...all.subarray(at, at + window.width * 3)]));
}

describe.each(pictures.resized.map((picture, i) => ({ ...picture, byLanczos: lanczos.small[i]! })))(
  "$kind $from -> $to",
  ({ from: [height, width], to: [outHeight, outWidth], input, output, byLanczos }) => {
    const image = imageOf(fromBase64(input), width!, height!);
    const to = { width: outWidth!, height: outHeight! };

    test("is Pillow's to the byte", () => {
      expect(resizeBicubic(image, to)).toEqual(new Uint8Array(fromBase64(output)));
      expect(resizeLanczos(image, to)).toEqual(new Uint8Array(fromBase64(byLanczos)));
    });

    test("a window is that part of the whole", () => {
      const window = windowOf(to.height, to.width);
      expect(resizeBicubic(image, to, window)).toEqual(partOf(fromBase64(output), to.width, window));
      expect(resizeLanczos(image, to, window)).toEqual(partOf(fromBase64(byLanczos), to.width, window));
    });
  },
);

/** Edges as hard as bytes can be, so that sums leave the range of a byte on both sides. */
const hardEdges = (width: number, height: number): Uint8Array =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => [0, 255, 255, i % 256][Math.imul(i, 2654435761) >>> 30]!);

test.each(lanczos.large)("by Lanczos $from -> $to is Pillow's", ({ from: [height, width], to, sha256 }) => {
  const image = imageOf(hardEdges(width!, height!), width!, height!);
  const out = resizeLanczos(image, { height: to[0]!, width: to[1]! });
  expect(createHash("sha256").update(out).digest("hex")).toBe(sha256);
});

/** Width and height before and after: photographs, strips, and sides that grow, shrink and stay. */
test.each([
  [640, 480, 448, 336],
  [333, 500, 336, 504],
  [97, 61, 61, 97],
  [61, 97, 61, 30],
  [97, 61, 40, 61],
  [400, 3, 7, 5],
  [2, 300, 3, 4],
  [1, 1, 5, 6],
])("%i x %i -> %i x %i is the plain way's to the byte, whole and in part", (width, height, outWidth, outHeight) => {
  const rgb = hardEdges(width, height);
  const image = imageOf(rgb, width, height);
  const to = { width: outWidth, height: outHeight };
  const expected = plainResize({ rgb, width, height }, to);
  expect(Buffer.compare(resizeBicubic(image, to), expected)).toBe(0);
  const window = windowOf(outHeight, outWidth);
  expect(Buffer.compare(resizeBicubic(image, to, window), partOf(expected, outWidth, window))).toBe(0);
});
