/** A load that is killed goes on where it was: nothing that was prepared is read again, and the result is that of an undisturbed load. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FileCache } from "../../storage/file-cache.ts";
import { openOpfsCache } from "../../storage/opfs.ts";
import { loadAll, names, plan, TENSOR_BYTES, undisturbedHash, weights } from "../../testing/checkpoints.ts";
import { type FakeHub, startFakeHub } from "../../testing/fake-hub.ts";
import { fakeOpfs } from "../../testing/fake-opfs.ts";
import { loadCost } from "../loading/quantised-cache.ts";
import { openHub } from "./hub.ts";
import { openCheckpoint } from "./model-files.ts";
import { filesFromBlobs, type ModelFiles } from "./source.ts";

let hub: FakeHub;
beforeAll(async () => {
  hub = await startFakeHub({ name: "someone/llava", files: new Map([["model.safetensors", weights]]) });
});
afterAll(() => hub.close());

let readFromFolder = 0;
/** A chosen file that counts what is read of it. */
class CountedFile extends Blob {
  override slice(start = 0, end = this.size): Blob {
    readFromFolder += end - start;
    return super.slice(start, end);
  }
}

interface Source {
  open(cache: FileCache): Promise<ModelFiles>;
  /** Bytes of the file that were read since the last call. */
  taken(): number;
  /** What may be read beside every tensor once. */
  beside: number;
}

/** Of a folder, dense tensors are not worth a copy, so they are read by each life; samples of the others tell it apart. */
const denseBytes = plan.filter(({ how }) => how === "keep").length * TENSOR_BYTES;

const sources: Record<string, Source> = {
  "the hub": {
    open: (cache) =>
      openHub({ repo: "someone/llava", revision: "main", endpoint: hub.endpoint }, cache, {
        fetchFile: fetch,
        token: "",
      }),
    taken: () => {
      const { sent } = hub;
      hub.sent = 0;
      return sent;
    },
    beside: 1 << 20,
  },
  "a dropped folder": {
    open: async () => filesFromBlobs([{ path: "m/model.safetensors", blob: new CountedFile([weights as BlobPart]) }]),
    taken: () => {
      const bytes = readFromFolder;
      readFromFolder = 0;
      return bytes;
    },
    beside: denseBytes + 4 * 64_000,
  },
};

let seed = 7;
const random = (): number => {
  seed = (seed * 1103515245 + 12345) % 2 ** 31;
  return seed / 2 ** 31;
};
const moments = Array.from({ length: 20 }, () => 1 + Math.floor(random() * names.length));

describe.each(Object.entries(sources))("from %s", (_, source) => {
  test("killed at 20 random moments", async () => {
    const undisturbed = await undisturbedHash();
    for (const moment of moments) {
      const opfs = fakeOpfs();
      const life = async (onTensor?: (n: number) => void) => {
        const cache = await openOpfsCache("weights", opfs.root);
        return loadAll(await openCheckpoint(await source.open(cache)), cache, onTensor);
      };
      source.taken();
      const killed = life((n) => {
        if (n === moment) throw new Error("killed");
      });
      await expect(killed).rejects.toThrow("killed");
      // The tensor that was being read ahead ends by itself: its bytes count. Then the worker is gone, and its locks.
      await new Promise((resolve) => setTimeout(resolve, 20));
      opfs.killWriters();
      const cache = await openOpfsCache("weights", opfs.root);
      const cost = await loadCost(await openCheckpoint(await source.open(cache)), plan, cache);
      expect(cost.toWrite).toBeLessThan(cost.prepared);
      const { hash, outcome } = await life();
      expect((await loadCost(await openCheckpoint(await source.open(cache)), plan, cache)).toWrite).toBe(0);
      expect(hash).toBe(undisturbed);
      expect(outcome.cache).toMatch(/stored|hit/);
      expect(source.taken()).toBeLessThanOrEqual(weights.byteLength + source.beside + TENSOR_BYTES);
    }
  });
});
