/**
 * What preparing a photograph costs: 640x480 JPEG to a crop of 336, as LLaVA-1.5 takes it, in this thread and in threads of Node. The
 * photographs are made: noise whose strength falls with its frequency, as in nature, and edges.
 */
import os from "node:os";
import { inOrder } from "../workers/data/in-order.ts";
import { decodeImage } from "../workers/data/pictures/decode.ts";
import { openPicturePool, threadsFor } from "../workers/data/pictures/pool.ts";
import { openThread } from "../workers/headless/picture-threads.ts";
import { pictureFormatOf } from "../workers/models/picture-format.ts";
import { modelOf } from "../workers/models/published.ts";

const [WIDTH, HEIGHT, PICTURES, ROUNDS] = [640, 480, 16, 6];

export interface PictureResults {
  /** Bytes of a JPEG, on average. */
  bytes: number;
  /** Milliseconds of processor time a picture, the best of several rounds in turns. */
  wholeMs: number;
  decodeMs: number;
  threads: number;
  /** Processor time a picture of all threads together. */
  pooledMs: number;
  load: number;
  cores: number;
}

/** Milliseconds that this process has used, all its threads together. */
const processorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

export async function measurePictures(): Promise<PictureResults> {
  const spec = {
    configJson: JSON.stringify(modelOf("llava-hf/llava-1.5-7b-hf").config),
    processorJson: JSON.stringify({ size: { shortest_edge: 336 }, crop_size: { height: 336, width: 336 } }),
    maxImageTiles: null,
  };
  const format = pictureFormatOf(spec);
  const photos: Uint8Array[] = [];
  for (let seed = 1; seed <= PICTURES; seed++) photos.push(await photo(seed));
  const threads = threadsFor(os.availableParallelism());
  const pool = openPicturePool(threads, () => openThread(spec));

  async function* some(): AsyncGenerator<Uint8Array> {
    yield* photos;
  }
  const sides: Record<string, () => Promise<unknown>> = {
    whole: async () => {
      for (const bytes of photos) format.prepare(await decodeImage(bytes));
    },
    decode: async () => {
      for (const bytes of photos) await decodeImage(bytes);
    },
    pooled: async () => {
      for await (const _ of inOrder(some(), 2 * threads - 1, pool.prepare));
    },
  };
  const best: Record<string, number> = {};
  // The first round starts threads and compiles.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, work] of Object.entries(sides)) {
      const started = processorMs();
      await work();
      const ms = (processorMs() - started) / PICTURES;
      if (round > 0) best[name] = Math.min(best[name] ?? ms, ms);
    }
  }
  pool.dispose();
  return {
    bytes: Math.round(photos.reduce((sum, { length }) => sum + length, 0) / PICTURES),
    wholeMs: best.whole!,
    decodeMs: best.decode!,
    threads,
    pooledMs: best.pooled!,
    load: os.loadavg()[0]!,
    cores: os.availableParallelism(),
  };
}

/** A JPEG of quality 90, not progressive, as cameras write them. */
async function photo(seed: number): Promise<Uint8Array> {
  const [{ default: start }, wasm] = await Promise.all([
    import("@jsquash/jpeg/codec/enc/mozjpeg_enc.js"),
    import("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm?url&inline"),
  ]);
  const binary = atob(wasm.default.slice(wasm.default.indexOf(",") + 1));
  const wasmBinary = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  const encoder = await (start as unknown as Encoder)({ noInitialRun: true, wasmBinary });
  const { defaultOptions } = await import("@jsquash/jpeg/meta.js");
  const options = { ...defaultOptions, quality: 90, progressive: false };
  return Uint8Array.from(encoder.encode(scene(seed), WIDTH, HEIGHT, options));
}

type Encoder = (options: { noInitialRun: boolean; wasmBinary: Uint8Array }) => Promise<{
  encode(data: Uint8Array, width: number, height: number, options: unknown): Uint8Array;
}>;

/** [HEIGHT, WIDTH, 4]: octaves of noise, each two thirds as strong as the one of twice its size. */
function scene(seed: number): Uint8Array {
  const rgba = new Uint8Array(WIDTH * HEIGHT * 4);
  const noise = (x: number, y: number, salt: number): number => {
    let h = Math.imul(x, 374761393) ^ Math.imul(y, 668265263) ^ Math.imul(salt + seed * 31, 2246822519);
    h = Math.imul(h ^ (h >>> 13), 1274126177);
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32 - 0.5;
  };
  const smooth = (x: number, y: number, salt: number): number => {
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const [dx, dy] = [x - x0, y - y0];
    const top = noise(x0, y0, salt) * (1 - dx) + noise(x0 + 1, y0, salt) * dx;
    return top * (1 - dy) + (noise(x0, y0 + 1, salt) * (1 - dx) + noise(x0 + 1, y0 + 1, salt) * dx) * dy;
  };
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const edge = smooth(x / 97, y / 83, 99) > 0.05 ? 30 : -30;
      for (let c = 0; c < 3; c++) {
        let value = 128 + edge + 60 * smooth(x / 160, y / 160, 7 + c);
        for (let size = 64, strength = 110; size >= 1; size /= 2, strength /= 1.5) {
          value += strength * smooth(x / size, y / size, size);
        }
        rgba[(y * WIDTH + x) * 4 + c] = Math.max(0, Math.min(255, value));
      }
      rgba[(y * WIDTH + x) * 4 + 3] = 255;
    }
  }
  return rgba;
}
