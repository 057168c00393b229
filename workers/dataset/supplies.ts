/** Data sets whose rows are prepared on demand, and the threads that prepare pictures, as long as the worker lives. */
import { openPicturePool, type PicturePool, type PictureThread, threadsFor } from "../data/pictures/pool.ts";
import { startPictures } from "../data/pictures/thread.ts";
import { noFiles } from "../data/shards/dataset.ts";
import { CACHE_BYTES } from "../data/shards/prepare-dataset.ts";
import type { RowSupply } from "../data/shards/supply.ts";
import { pictureSpecOf } from "../models/picture-format.ts";
import type { PreparationSpec } from "../models/preparation.ts";
import { withinQuota } from "../storage/quota.ts";

const supplies = new Map<string, RowSupply>();

export const rememberSupply = (datasetId: string, supply: RowSupply): void => {
  supplies.set(datasetId, supply);
};

/** Throws "no-files" until the data set was prepared from its files in this worker's life. */
export function supplyOf(datasetId: string): RowSupply {
  const supply = supplies.get(datasetId);
  if (supply) return supply;
  throw noFiles();
}

/** A quarter of what this site may store at most. */
export const cacheBudget = (): Promise<number> => withinQuota(CACHE_BYTES);

/** For the model that was asked for last: there is one pool at a time. */
let pool: { id: string; pictures: PicturePool } | undefined;

export function picturesFor(spec: PreparationSpec): PicturePool {
  if (pool?.id !== spec.id) {
    pool?.pictures.dispose();
    const pictures = openPicturePool(threadsFor(navigator.hardwareConcurrency), () => openPictures(spec));
    pool = { id: spec.id, pictures };
  }
  return pool.pictures;
}

function openPictures(spec: PreparationSpec): Promise<PictureThread> {
  const worker = new Worker(new URL("../picture.worker.ts", import.meta.url), { type: "module" });
  return startPictures(worker, worker, pictureSpecOf(spec));
}
