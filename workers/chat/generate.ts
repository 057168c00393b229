/**
 * Decoding with a KV cache on the very weights and adapter that training uses. The cache is each layer's q|k|v buffer: a pass
 * writes its rows behind those of earlier tokens and attends to all of them. A conversation that goes on keeps the common
 * beginning of its tokens in the cache.
 */
import { TabTuneError } from "../errors.ts";
import { Arena, write } from "../gpu/buffers.ts";
import type { Program } from "../gpu/program.ts";
import { featuresPerTile } from "../model/config.ts";
import { imageSlots } from "../model/image-slots.ts";
import { allocatePass, type Llava, type PassBuffers, recordChat } from "../model/llava.ts";
import { type Adapter, learnsFromPictures } from "../model/lora.ts";
import { writeTokens } from "../model/token-table.ts";
import type { ExampleImage } from "../shards/example.ts";
import type { MakeTower, Normalise } from "../train/training-step.ts";
import { createEncoder, type VisionEncoder } from "../vision/encoder.ts";
import { encodePictures } from "../vision/pack-pictures.ts";
import { type SamplingOptions, sampleToken } from "./sampling.ts";

/** A prompt ready for the model: ids with image slots expanded, and its pictures. */
export interface Prompt {
  inputIds: Int32Array;
  images: ExampleImage[];
  /** u8 RGB [tiles, S, S, 3] of all pictures. */
  pixels: Uint8Array;
}

export interface GenerateOptions extends SamplingOptions {
  maxNewTokens: number;
  eosIds: number[];
  random: () => number;
  /** Called after each token; returning true stops. */
  onToken?: (id: number) => boolean | Promise<boolean>;
  onPrefill?: (tokens: number) => void;
}

export interface Generated {
  /** New token ids, the end-of-sequence token included when it was reached. */
  ids: number[];
  stopped: "eos" | "length" | "user";
}

export interface Chat {
  /** `adapter` false speaks as the frozen base model. */
  generate(prompt: Prompt, adapter: boolean, options: GenerateOptions): Promise<Generated>;
  dispose(): Promise<void>;
}

export interface ChatSettings {
  /** Tokens of prompt and answer together. */
  contextRows: number;
  /** Picture tiles of a conversation. */
  tiles: number;
  normalise: Normalise;
  makeTower?: MakeTower;
}

/** Prompt tokens that one pass takes in. */
const PREFILL_ROWS = 256;

export async function createChat(model: Llava, adapter: Adapter | undefined, settings: ChatSettings): Promise<Chat> {
  const { gpu, config, counters } = model;
  const arena = new Arena(gpu, counters);
  const features = settings.tiles * featuresPerTile(config);
  const b: PassBuffers = allocatePass(arena, config, model.weights, adapter?.settings, {
    rows: Math.min(PREFILL_ROWS, settings.contextRows),
    labelRows: 1,
    features,
    policy: "chat",
    cacheRows: settings.contextRows,
  });
  const { makeTower } = settings;
  const encoderWith = (adapted: Adapter | undefined): Promise<VisionEncoder> =>
    createEncoder(model, arena, {
      features: b.imageFeatures,
      featureCapacity: features,
      tileCapacity: Math.min(4, settings.tiles),
      makeTower: makeTower && ((v) => makeTower(model, arena, v)),
      adapter: adapted,
    });
  const encoder = await encoderWith(undefined);
  // An adapter on the tower changes what it sees: pictures are encoded with it and without.
  const adaptedEncoder = adapter && learnsFromPictures(adapter) ? await encoderWith(adapter) : encoder;
  // One sequence: it begins at row 0, and a token's position is its row.
  write(
    gpu,
    b.positions,
    Uint32Array.from({ length: settings.contextRows }, (_, i) => i),
  );
  write(gpu, b.ends, new Uint32Array(settings.contextRows).fill(settings.contextRows));
  const staging = gpu.device.createBuffer({
    label: "logits to read",
    size: model.weights.head.out * 4,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  counters.buffersCreated += 1;

  const programs = new Map<string, Promise<Program>>();
  const program = (useAdapter: boolean, tile: "prefill" | "decode"): Promise<Program> => {
    const key = `${useAdapter} ${tile}`;
    let built = programs.get(key);
    if (!built) {
      built = recordChat(model, b, useAdapter ? adapter : undefined, tile).build(arena, model.pipelines);
      programs.set(key, built);
    }
    return built;
  };

  let cached: { ids: number[]; adapter: boolean; pixels: Uint8Array } | undefined;

  const readLogits = async (): Promise<Float32Array> => {
    const command = gpu.device.createCommandEncoder();
    command.copyBufferToBuffer(b.logits.buffer, b.logits.offset, staging, 0, staging.size);
    gpu.device.queue.submit([command.finish()]);
    await staging.mapAsync(GPUMapMode.READ).catch((cause) => {
      gpu.alive();
      throw cause;
    });
    const logits = new Float32Array(staging.getMappedRange().slice(0));
    staging.unmap();
    gpu.alive();
    return logits;
  };

  const feed = async (
    ids: ArrayLike<number>,
    slots: Int32Array,
    past: number,
    useAdapter: boolean,
  ): Promise<Float32Array> => {
    let at = 0;
    while (at < ids.length) {
      const rows = Math.min(b.capacity.rows, ids.length - at);
      writeTokens(
        gpu,
        counters,
        model.weights.embed,
        b,
        Array.from({ length: rows }, (_, i) => ids[at + i]!),
      );
      write(gpu, b.slots, slots.slice(at, at + rows), counters);
      write(gpu, b.labelRows, Uint32Array.of(rows - 1), counters);
      const pass = await program(useAdapter, rows === 1 ? "decode" : "prefill");
      await pass.run({ rows, past: past + at, labelRows: 1 }, model.pace);
      at += rows;
    }
    return readLogits();
  };

  return {
    async generate(prompt, useAdapter, options) {
      const tiles = prompt.images.reduce((sum, image) => sum + image.tiles, 0);
      if (tiles > settings.tiles) {
        throw new TabTuneError(
          "bad-argument",
          `The conversation has ${tiles} picture tiles; ${settings.tiles} fit.`,
          "Start a new conversation with fewer pictures.",
        );
      }
      if (prompt.inputIds.length >= settings.contextRows) {
        throw new TabTuneError(
          "row-too-long",
          `The conversation has ${prompt.inputIds.length} tokens; ${settings.contextRows} fit.`,
          "Start a new conversation.",
        );
      }
      let tile = 0;
      const rows = prompt.images.flatMap((image) => {
        const slots = imageSlots(image, config, tile, features);
        tile += image.tiles;
        return [...slots];
      });
      let next = 0;
      const slots = prompt.inputIds.map((id) => (id === config.imageTokenId ? rows[next++]! : -1));

      const samePictures =
        cached?.pixels.length === prompt.pixels.length && cached.pixels.every((v, i) => v === prompt.pixels[i]);
      const sameFeatures = samePictures && (encoder === adaptedEncoder || cached?.adapter === useAdapter);
      if (!sameFeatures) {
        const { pixels } = prompt;
        await encodePictures(useAdapter ? adaptedEncoder : encoder, { tiles, pixels }, settings.normalise);
      }
      let past = 0;
      if (cached && cached.adapter === useAdapter && samePictures) {
        // At least one token is fed again: its logits are what the answer starts from.
        const limit = Math.min(cached.ids.length, prompt.inputIds.length - 1);
        while (past < limit && cached.ids[past] === prompt.inputIds[past]) past += 1;
      }
      cached = { ids: [...prompt.inputIds], adapter: useAdapter, pixels: prompt.pixels };

      let logits = await feed(prompt.inputIds.subarray(past), slots.subarray(past), past, useAdapter);
      options.onPrefill?.(prompt.inputIds.length - past);
      const ids: number[] = [];
      const room = Math.min(options.maxNewTokens, settings.contextRows - prompt.inputIds.length);
      while (ids.length < room) {
        const id = sampleToken(logits, model.weights.vocab, options, options.random);
        ids.push(id);
        const stop = await options.onToken?.(id);
        if (options.eosIds.includes(id)) return { ids, stopped: "eos" };
        if (stop) return { ids, stopped: "user" };
        if (ids.length === room) break;
        logits = await feed([id], Int32Array.of(-1), cached.ids.length, useAdapter);
        cached.ids.push(id);
      }
      return { ids, stopped: "length" };
    },
    async dispose() {
      await encoder.tower.dispose();
      if (adaptedEncoder !== encoder) await adaptedEncoder.tower.dispose();
      staging.destroy();
      arena.dispose();
    },
  };
}
