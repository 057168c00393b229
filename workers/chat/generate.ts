/**
 * Answers on the very weights and adapter that training uses. A conversation that goes on keeps the common beginning of its tokens
 * in the KV cache.
 */

import { type ExampleImage, tilesOf } from "../data/example.ts";
import { TabTuneError } from "../errors.ts";
import { Arena } from "../gpu/buffers.ts";
import { trialAllocation } from "../gpu/trial-allocation.ts";
import type { SamplingOptions } from "../kernels/sampling/sample.ts";
import { type Adapter, learnsFromPictures } from "../models/adapter.ts";
import { featuresPerTile } from "../models/config.ts";
import { createEncoder, type VisionEncoder } from "../models/encoder.ts";
import { encodePictures, packPictures } from "../models/pack-pictures.ts";
import { callCapacity } from "../models/picture-runs.ts";
import type { Vlm } from "../models/vlm.ts";
import { type Choice, createDecoder, type Decoder, type DecoderSettings, type Speaker, tokenOf } from "./decoder.ts";

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
  /** Called for each token, of which several come at a time; returning true stops, and those behind it are dropped. */
  onToken?: (id: number) => boolean | Promise<boolean>;
  onPrefill?: (tokens: number) => void;
}

export interface Generated {
  /** New token ids, the end-of-sequence token included when it was reached. */
  ids: number[];
  /** "length": `maxNewTokens` are there; "full": the context has no room for another one. */
  stopped: "eos" | "length" | "full" | "user";
}

/** What a conversation may be at most. */
export interface ChatRoom {
  /** Tokens of prompt and answer together. */
  contextRows: number;
  /** Picture tiles. */
  tiles: number;
}

export interface Chat {
  readonly room: ChatRoom;
  /** `adapter` false speaks as the frozen base model. */
  generate(prompt: Prompt, adapter: boolean, options: GenerateOptions): Promise<Generated>;
  /** The adapter's matrices are other ones now: what they made is computed anew. */
  adapterChanged(): void;
  dispose(): Promise<void>;
}

export interface ChatSettings extends ChatRoom, Omit<DecoderSettings, "features" | "contextRows"> {}

/** Throws TabTuneError "out-of-memory" where the GPU has no room for it, and leaves nothing behind. */
export async function createChat(model: Vlm, adapter: Adapter | undefined, settings: ChatSettings): Promise<Chat> {
  const arena = new Arena(model.gpu, model.counters);
  let made: Chat | undefined;
  try {
    return await trialAllocation(model.gpu, async () => {
      made = await buildChat(model, arena, adapter, settings);
      return made;
    });
  } catch (error) {
    await made?.dispose();
    arena.dispose();
    throw error;
  }
}

export interface BegunAnswer {
  /** Tokens that are fed: the prompt's, and on return those of the answer but its last. */
  fed: number[];
  /** What follows the prompt. */
  first: Choice;
  speaker: Speaker;
  /** Tokens of prompt and answer together. */
  room: number;
}

/** Token after token behind a prompt that was fed. Throws "gpu-error" as `tokenOf`. */
export async function writeAnswer(
  decoder: Decoder,
  { fed, first, speaker, room }: BegunAnswer,
  { maxNewTokens, eosIds, onToken }: Pick<GenerateOptions, "maxNewTokens" | "eosIds" | "onToken">,
): Promise<Generated> {
  const ids: number[] = [];
  const most = Math.min(maxNewTokens, room - fed.length);
  let choices = [first];
  while (ids.length < most) {
    for (const choice of choices) {
      const id = tokenOf(choice);
      // A token counts as fed when another follows it: what a batch fed behind the end is written over.
      if (ids.length > 0) fed.push(ids.at(-1)!);
      ids.push(id);
      const stop = await onToken?.(id);
      if (eosIds.includes(id)) return { ids, stopped: "eos" };
      if (stop) return { ids, stopped: "user" };
    }
    const left = most - ids.length;
    if (left > 0) choices = await decoder.decode(ids.at(-1)!, fed.length, left, speaker);
  }
  return { ids, stopped: most < maxNewTokens ? "full" : "length" };
}

async function buildChat(
  model: Vlm,
  arena: Arena,
  adapter: Adapter | undefined,
  settings: ChatSettings,
): Promise<Chat> {
  const { config } = model;
  const features = settings.tiles * featuresPerTile(config);
  const decoder = createDecoder(model, arena, adapter, { ...settings, features });
  const encoderWith = (adapted: Adapter | undefined): Promise<VisionEncoder> =>
    createEncoder(model, arena, {
      features: decoder.buffers.imageFeatures,
      deepstack: decoder.buffers.deepstack,
      featureCapacity: features,
      tileCapacity: callCapacity(config.tower, settings.tiles, { usual: 4, picture: model.pictures.mostTiles }),
      adapter: adapted,
    });
  const encoder = await encoderWith(undefined);
  // An adapter on the tower changes what it sees: pictures are encoded with it and without.
  const adaptedEncoder = adapter && learnsFromPictures(adapter) ? await encoderWith(adapter) : encoder;
  /** What the rows of the KV cache and the image features come from; nothing is known of them while they are written. */
  let cached: { ids: number[]; adapter: boolean; images: ExampleImage[]; pixels: Uint8Array } | undefined;

  return {
    room: { contextRows: settings.contextRows, tiles: settings.tiles },
    async generate(prompt, useAdapter, options) {
      const tiles = tilesOf(prompt);
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
      const { imageTokenId } = config;
      const pack = packPictures([prompt], { ...model, imageTokenId }, prompt.inputIds.length, features);

      const before = cached;
      cached = undefined;
      const samePictures =
        before !== undefined &&
        before.pixels.length === prompt.pixels.length &&
        before.pixels.every((v, i) => v === prompt.pixels[i]) &&
        // A plain picture has the same pixels upright and lying.
        before.images.length === prompt.images.length &&
        before.images.every(
          ({ height, width }, i) => height === prompt.images[i]?.height && width === prompt.images[i]?.width,
        );
      const sameFeatures = samePictures && (encoder === adaptedEncoder || before?.adapter === useAdapter);
      if (!sameFeatures) {
        await encodePictures(useAdapter ? adaptedEncoder : encoder, pack);
      }
      let past = 0;
      if (before && before.adapter === useAdapter && samePictures) {
        // At least one token is fed again: its logits are what the answer starts from.
        const limit = Math.min(before.ids.length, prompt.inputIds.length - 1);
        while (past < limit && before.ids[past] === prompt.inputIds[past]) past += 1;
      }
      const { temperature, topP, topK, seed } = options;
      const speaker = { adapter: useAdapter, temperature, topP, topK, seed };
      const first = await decoder.prefill(prompt, pack, past, speaker);
      const { images, pixels } = prompt;
      const known = { ids: [...prompt.inputIds], adapter: useAdapter, images, pixels };
      cached = known;
      options.onPrefill?.(prompt.inputIds.length - past);
      return writeAnswer(decoder, { fed: known.ids, first, speaker, room: settings.contextRows }, options);
    },
    adapterChanged() {
      if (!cached?.adapter) return;
      // Features that no adapter has touched stay.
      cached = encoder === adaptedEncoder ? { ...cached, ids: [] } : undefined;
    },
    async dispose() {
      decoder.dispose();
      arena.dispose();
    },
  };
}
