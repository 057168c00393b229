import { expect, test } from "vitest";
import type { Dims } from "../../gpu/program.ts";
import { randomArray, testBench } from "../../testing/gpu.ts";
import { dropClassBackward, dropClassForward, patchesForward, visionTokensForward } from "./patch.ts";

const bench = await testBench();

/** Conv3d's own order: image, patch row, patch column, channel, frame, ky, kx; a Conv2d has one frame. */
function im2col(pixels: Float32Array, images: number, size: number, patch: number, frames = 1): Float32Array {
  const grid = Math.floor(size / patch);
  const out: number[] = [];
  for (let image = 0; image < images; image++)
    for (let py = 0; py < grid; py++)
      for (let px = 0; px < grid; px++)
        for (let c = 0; c < 3; c++)
          for (let k = 0; k < frames * patch; k++)
            for (let kx = 0, ky = k % patch; kx < patch; kx++)
              out.push(pixels[((image * 3 + c) * size + py * patch + ky) * size + px * patch + kx]!);
  return Float32Array.from(out);
}

test.each([
  { images: 1, imageSize: 1, patchSize: 1 },
  { images: 2, imageSize: 15, patchSize: 5 },
  { images: 3, imageSize: 17, patchSize: 7 },
  { images: 3, imageSize: 6, patchSize: 3, frames: 2 },
])("patches in the order of a convolution's weight: %o", async ({ images, imageSize, patchSize, frames }) => {
  const pixels = randomArray(images * 3 * imageSize * imageSize, 1);
  const expected = im2col(pixels, images, imageSize, patchSize, frames);
  const a = bench.arena.tensor("a", expected.length);
  const shape = { images: (d: Dims<"images">) => d.images, imageSize, patchSize, ...(frames && { frames }) };
  const [patches] = await bench.run(
    (r) => patchesForward(r, { y: a, pixels: bench.arena.upload("pixels", pixels), ...shape }),
    [a],
    { images },
  );
  expect(patches).toEqual(expected);
});

test.each([
  { images: 1, patchesPerImage: 1, size: 1 },
  { images: 2, patchesPerImage: 9, size: 65 },
  { images: 3, patchesPerImage: 4, size: 63 },
])("positions without a class token: %o", async ({ images, patchesPerImage, size }) => {
  const patches = randomArray(images * patchesPerImage * size, 1);
  const positions = randomArray(patchesPerImage * size, 3);
  const y = bench.arena.tensor("y", patches.length);
  const [tokens] = await bench.run(
    (r) =>
      visionTokensForward(r, {
        ...{ y, images, patchesPerImage, size },
        patches: bench.arena.upload("patches", patches),
        classEmbedding: undefined,
        positionEmbedding: bench.arena.upload("positions", positions),
      }),
    [y],
  );
  expect(tokens).toEqual(patches.map((value, i) => value + positions[i % positions.length]!));
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
