/** Rows answered between the steps of a run, in memory that its step uses at other times: nothing is kept from one answer to the next. */
import { decoderOn } from "../chat/decoder.ts";
import { type Generated, type GenerateOptions, type Prompt, writeAnswer } from "../chat/generate.ts";
import type { Arena } from "../gpu/buffers.ts";
import type { Adapter } from "../models/adapter.ts";
import type { AnswerBuffers } from "../models/chat-pass.ts";
import type { VisionEncoder } from "../models/encoder.ts";
import { encodePictures, packPictures } from "../models/pack-pictures.ts";
import type { Vlm } from "../models/vlm.ts";

export interface Answering {
  /** Tokens of a question and its answer together, and tiles of its pictures. */
  room: { tokens: number; tiles: number };
  /**
   * One greedy answer of the adapter as it is now. The question has less tokens, and no more tiles, than there is room for. Throws
   * "gpu-error" where there is no next token, "device-lost".
   */
  answer(prompt: Prompt, options: Pick<GenerateOptions, "maxNewTokens" | "eosIds" | "onToken">): Promise<Generated>;
  dispose(): void;
}

/** Greedy: temperature, top-p and seed have no part in it. */
const greedy = { temperature: 0, topP: 1, seed: 0 };

/** `encoder`: the step's, whose table of features the buffers share. */
export async function createAnswering(
  model: Vlm,
  o: { arena: Arena; buffers: AnswerBuffers; encoder: VisionEncoder; adapter: Adapter | undefined },
): Promise<Answering> {
  const { arena, buffers, encoder, adapter } = o;
  const { features, cacheRows } = buffers.b.capacity;
  const tokens = cacheRows!;
  const speaker = { adapter: adapter !== undefined, ...greedy };
  const decoder = decoderOn(model, arena, buffers, adapter, {});
  await decoder.makeReady(speaker);
  const format = { pictures: model.pictures, imageTokenId: model.config.imageTokenId };
  return {
    room: { tokens, tiles: features / encoder.featuresPerTile },
    async answer(prompt, options) {
      const fed = [...prompt.inputIds];
      if (fed.length >= tokens) throw new Error(`a question of ${fed.length} tokens, and ${tokens} fit`);
      const pack = packPictures([prompt], format, fed.length, features);
      await encodePictures(encoder, pack);
      const first = await decoder.prefill(prompt, pack, 0, speaker);
      return writeAnswer(decoder, { fed, first, speaker, room: tokens }, options);
    },
    dispose: () => decoder.dispose(),
  };
}
