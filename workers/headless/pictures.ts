/** `preprocess` and `features`: what a picture becomes. */

import type { Grid } from "../data/pictures/format.ts";
import { prepareImage } from "../data/pictures/prepare-image.ts";
import { Arena, readBack } from "../gpu/buffers.ts";
import { featuresPerTile, towerRowsPerTile } from "../models/config.ts";
import { createEncoder } from "../models/encoder.ts";
import { allocateFeatures } from "../models/pass.ts";
import { writeSafetensors } from "../weights/formats/safetensors.ts";
import type { Arguments } from "./arguments.ts";
import { loadedModel, openedModel, readBytes, writeWhole } from "./open.ts";

export async function preprocess(args: Arguments): Promise<void> {
  const { model } = await openedModel(args);
  const prepared = await prepareImage(await readBytes(args.text("image"), "a picture"), model.pictures);
  const { tiles } = prepared;
  const size = model.config.tower.imageSize;
  const values = model.pictures.normalise(prepared.pixels, tiles);
  const grid = model.pictures.grid?.(prepared);
  const { shape, data } = grid
    ? { shape: [1, 3, grid.rows * size, grid.columns * size], data: wholeOf(values, grid, size) }
    : { shape: [tiles, 3, size, size], data: values };
  await writeWhole(args.text("out"), writeSafetensors([{ name: "pixel_values", dtype: "F32", shape, data }]));
}

/** Tiles [tiles, 3, S, S] of a picture at free size, laid together: [3, rows * S, columns * S]. */
function wholeOf(tiles: Float32Array, { rows, columns }: Grid, side: number): Float32Array {
  const whole = new Float32Array(tiles.length);
  for (let line = 0; line < tiles.length / side; line++) {
    const [tile, channel, y] = [Math.floor(line / (3 * side)), Math.floor(line / side) % 3, line % side];
    const [row, column] = [Math.floor(tile / columns), tile % columns];
    const to = ((channel * rows * side + row * side + y) * columns + column) * side;
    whole.set(tiles.subarray(line * side, (line + 1) * side), to);
  }
  return whole;
}

export async function features(args: Arguments): Promise<void> {
  const { model } = await loadedModel(args);
  const { config, vlm } = model;
  const prepared = await prepareImage(await readBytes(args.text("image"), "a picture"), model.pictures);
  const { pixels, tiles } = prepared;
  const perTile = featuresPerTile(config);
  const rows = tiles * perTile;
  const [c, h] = [config.tower.hiddenSize, config.decoder.hiddenSize];
  const arena = new Arena(vlm.gpu, vlm.counters);
  const { imageFeatures, deepstack } = allocateFeatures(arena, config, rows);
  const encoder = await createEncoder(vlm, arena, {
    ...{ features: imageFeatures, deepstack, featureCapacity: rows, tileCapacity: tiles },
  });
  const grid = model.pictures.grid?.(prepared);
  await encoder.encode(model.pictures.normalise(pixels, tiles), { firstTile: 0, tiles, grids: grid ? [grid] : [] });
  const [vision, projected, ...between] = await readBack(vlm.gpu, [
    encoder.buffers.tower.features,
    { ...imageFeatures, length: rows * h },
    ...deepstack,
  ]);
  const perTower = towerRowsPerTile(config.tower);
  await writeWhole(
    args.text("out"),
    writeSafetensors([
      // Of a picture at free size tiles are no pictures of their own.
      {
        name: "vision_features",
        dtype: "F32",
        shape: grid ? [tiles * perTower, c] : [tiles, perTower, c],
        data: vision!,
      },
      { name: "projected", dtype: "F32", shape: grid ? [rows, h] : [tiles, perTile, h], data: projected! },
      ...between.map((data, n) => ({ name: `deepstack.${n}`, dtype: "F32" as const, shape: [rows, h], data })),
    ]),
  );
}
