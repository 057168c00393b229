/** `preprocess` and `features`: what a picture becomes. */

import { prepareImage } from "../data/pictures/prepare-image.ts";
import { Arena, readBack } from "../gpu/buffers.ts";
import { featuresPerTile, towerRowsPerTile } from "../models/config.ts";
import { createEncoder } from "../models/encoder.ts";
import { writeSafetensors } from "../weights/formats/safetensors.ts";
import type { Arguments } from "./arguments.ts";
import { loadedModel, openedModel, readBytes, writeWhole } from "./open.ts";

export async function preprocess(args: Arguments): Promise<void> {
  const { model } = await openedModel(args);
  const prepared = await prepareImage(await readBytes(args.text("image"), "a picture"), model.pictures);
  const size = model.config.tower.imageSize;
  const data = model.pictures.normalise(prepared.pixels, prepared.tiles);
  const entry = { name: "pixel_values", dtype: "F32" as const, shape: [prepared.tiles, 3, size, size], data };
  await writeWhole(args.text("out"), writeSafetensors([entry]));
}

export async function features(args: Arguments): Promise<void> {
  const { model } = await loadedModel(args);
  const { config, vlm } = model;
  const prepared = await prepareImage(await readBytes(args.text("image"), "a picture"), model.pictures);
  const { pixels, tiles } = prepared;
  const perTile = featuresPerTile(config);
  const [c, h] = [config.tower.hiddenSize, config.decoder.hiddenSize];
  const arena = new Arena(vlm.gpu, vlm.counters);
  const table = arena.tensor("features", (tiles * perTile + 1) * h);
  const encoder = await createEncoder(vlm, arena, {
    features: table,
    featureCapacity: tiles * perTile,
    tileCapacity: tiles,
  });
  const grid = model.pictures.grid?.(prepared);
  await encoder.encode(model.pictures.normalise(pixels, tiles), { firstTile: 0, tiles, grids: grid ? [grid] : [] });
  const [vision, projected] = await readBack(vlm.gpu, [
    encoder.buffers.tower.features,
    { ...table, length: tiles * perTile * h },
  ]);
  await writeWhole(
    args.text("out"),
    writeSafetensors([
      { name: "vision_features", dtype: "F32", shape: [tiles, towerRowsPerTile(config.tower), c], data: vision! },
      { name: "projected", dtype: "F32", shape: [tiles, perTile, h], data: projected! },
    ]),
  );
}
