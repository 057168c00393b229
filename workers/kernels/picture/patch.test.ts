import { expect, test } from "vitest";
import { random, randomArray, testBench } from "../../testing/gpu.ts";
import {
  dropClassBackward,
  dropClassForward,
  normaliseTable,
  patchesForward,
  pixelsForward,
  visionTokensForward,
} from "./patch.ts";

const bench = await testBench();
const mean = [0.48145466, 0.4578275, 0.40821073];
const std = [0.26862954, 0.26130258, 0.27577711];

/** Conv2d's own order: image, patch row, patch column, channel, ky, kx. */
function im2col(pixels: Float32Array, images: number, size: number, patch: number): Float32Array {
  const grid = Math.floor(size / patch);
  const out: number[] = [];
  for (let image = 0; image < images; image++)
    for (let py = 0; py < grid; py++)
      for (let px = 0; px < grid; px++)
        for (let c = 0; c < 3; c++)
          for (let ky = 0; ky < patch; ky++)
            for (let kx = 0; kx < patch; kx++)
              out.push(pixels[((image * 3 + c) * size + py * patch + ky) * size + px * patch + kx]!);
  return Float32Array.from(out);
}

test.each([
  { images: 1, imageSize: 1, patchSize: 1 },
  { images: 2, imageSize: 15, patchSize: 5 },
  { images: 3, imageSize: 17, patchSize: 7 },
])("patches in Conv2d order, from floats and from bytes: %o", async ({ images, imageSize, patchSize }) => {
  const next = random(1);
  const bytes = Uint8Array.from({ length: images * imageSize * imageSize * 3 }, () => Math.floor(next() * 256));
  const table = normaliseTable(1 / 255, mean, std);
  const area = imageSize * imageSize;
  const pixels = Float32Array.from({ length: bytes.length }, (_, i) => {
    const image = Math.floor(i / (3 * area));
    const c = Math.floor(i / area) % 3;
    return table[c * 256 + bytes[(image * area + (i % area)) * 3 + c]!]!;
  });
  const expected = im2col(pixels, images, imageSize, patchSize);
  const a = bench.arena.tensor("a", expected.length);
  const b = bench.arena.tensor("b", expected.length);
  const shape = { images: (d: Record<string, number>) => d.images!, imageSize, patchSize };
  const [fromFloats, fromBytes] = await bench.run(
    (r) => {
      patchesForward(r, { y: a, pixels: bench.arena.upload("pixels", pixels), ...shape });
      const packed = bench.arena.upload("bytes", bytes);
      pixelsForward(r, { y: b, pixels: packed, table: bench.arena.upload("table", table), ...shape });
    },
    [a, b],
    { images },
  );
  expect(fromFloats).toEqual(expected);
  expect(fromBytes).toEqual(expected);
});

// (f32(byte * (1 / 255)) - f32(mean)) / f32(std) by NumPy in float32, as CLIPImageProcessor (transformers) has it, to the last bit.
test.each([
  [0, 0, -1.7922625541687012],
  [0, 1, -1.777664065361023],
  [0, 128, 0.07633614540100098],
  [0, 255, 1.9303361177444458],
  [1, 0, -1.7520971298217773],
  [1, 1, -1.7370892763137817],
  [1, 128, 0.16889731585979462],
  [1, 255, 2.0748836994171143],
  [2, 0, -1.480219841003418],
  [2, 1, -1.465999722480774],
  [2, 128, 0.33994877338409424],
  [2, 255, 2.1458969116210938],
])("channel %i, byte %i: %d", (channel, byte, expected) => {
  expect(normaliseTable(1 / 255, mean, std)[channel * 256 + byte]).toBe(expected);
});

test.each([
  { images: 1, patchesPerImage: 1, size: 1 },
  { images: 2, patchesPerImage: 9, size: 65 },
  { images: 3, patchesPerImage: 4, size: 63 },
])("class token and positions, and back off again: %o", async ({ images, patchesPerImage, size }) => {
  const rows = patchesPerImage + 1;
  const patches = randomArray(images * patchesPerImage * size, 1);
  const classEmbedding = randomArray(size, 2);
  const positions = randomArray(rows * size, 3);
  const y = bench.arena.tensor("y", images * rows * size);
  const bare = bench.arena.tensor("bare", patches.length);
  const dx = bench.arena.upload("dx", new Float32Array(images * rows * size).fill(9));
  const shape = { images, patchesPerImage, size };
  const [tokens, dropped, gradient] = await bench.run(
    (r) => {
      visionTokensForward(r, {
        y,
        patches: bench.arena.upload("patches", patches),
        classEmbedding: bench.arena.upload("class", classEmbedding),
        positionEmbedding: bench.arena.upload("positions", positions),
        ...shape,
      });
      dropClassForward(r, { y: bare, x: y, ...shape });
      dropClassBackward(r, { dx, dy: bare, ...shape });
    },
    [y, bare, dx],
  );
  const row = (all: Float32Array, i: number) => all.slice(i * size, (i + 1) * size);
  for (let image = 0; image < images; image++) {
    for (let t = 0; t < rows; t++) {
      const source = t === 0 ? classEmbedding : row(patches, image * patchesPerImage + t - 1);
      const at = image * rows + t;
      expect(row(tokens!, at)).toEqual(source.map((value, c) => value + positions[t * size + c]!));
      if (t === 0) {
        expect(row(gradient!, at)).toEqual(new Float32Array(size));
      } else {
        expect(row(dropped!, image * patchesPerImage + t - 1)).toEqual(row(tokens!, at));
        expect(row(gradient!, at)).toEqual(row(tokens!, at));
      }
    }
  }
});
