/**
 * Next tokens on the GPU. A prompt is fed in passes of many rows; then several tokens go by in one batch, each pass reading the id
 * that the one before it chose, and only the ids come back. Keys and values stay in each layer's cache: a pass writes its rows
 * behind those of earlier tokens and attends to all of them.
 *
 * A batch needs the embedding table on the GPU: that is so for every model whose table this adapter binds in one piece
 * (`allocateChatTable`). Else a batch is one token, whose id comes back and whose row goes up.
 */

import type { Example } from "../data/example.ts";
import { TabTuneError } from "../errors.ts";
import { type Arena, write } from "../gpu/buffers.ts";
import { budgetOf } from "../gpu/pace.ts";
import type { Program, Recorder, RunOptions } from "../gpu/program.ts";
import { createStaging } from "../gpu/staging.ts";
import type { SamplingOptions } from "../kernels/sampling/sample.ts";
import type { Adapter } from "../models/adapter.ts";
import { type AnswerBuffers, allocateAnswers, recordDecode, recordPrefill } from "../models/chat-pass.ts";
import { axesOf } from "../models/config.ts";
import { type PackPictures, slotsFrom, writeSlots } from "../models/pack-pictures.ts";
import type { PassBuffers } from "../models/pass.ts";
import { type PositionFacts, tokenPositions } from "../models/token-positions.ts";
import { allocateChatTable, writeTokens } from "../models/token-table.ts";
import type { Vlm } from "../models/vlm.ts";

/** A token, and the largest logit of its row: where that is not finite the token means nothing. */
export interface Choice {
  id: number;
  largest: number;
}

/** Who speaks: the adapter or the frozen base model, and how it draws. */
export interface Speaker extends SamplingOptions {
  adapter: boolean;
}

export interface Decoder {
  buffers: PassBuffers;
  /** Feeds a prompt's tokens behind its first `past`, which are cached, with the features of its pictures; the token that follows them. */
  prefill(
    prompt: Pick<Example, "inputIds" | "images">,
    pictures: Pick<PackPictures, "slots" | "blend">,
    past: number,
    speaker: Speaker,
  ): Promise<Choice>;
  /** Feeds `id` after `past` cached tokens; at most `most` tokens that follow, all but the last of them fed too. */
  decode(id: number, past: number, most: number, speaker: Speaker): Promise<Choice[]>;
  /** Records and compiles what this speaker needs, which the first question waits for otherwise. */
  makeReady(speaker: Pick<Speaker, "adapter">): Promise<void>;
  dispose(): void;
}

export interface DecoderSettings {
  /** Tokens of prompt and answer together. */
  contextRows: number;
  /** Rows of image features. */
  features: number;
  /** Time of a batch: what a reader waits for the next words, and Stop for its answer. Default 75 ms. 0: token by token. */
  batchMs?: number | undefined;
  /** Largest embedding table that goes to the GPU, in bytes; by default what the adapter binds. */
  tableBytes?: number | undefined;
}

/** Of a chat. What it allocates is the arena's: run it inside a trial allocation. */
export function createDecoder(
  model: Vlm,
  arena: Arena,
  adapter: Adapter | undefined,
  { contextRows, features, batchMs, tableBytes }: DecoderSettings,
): Decoder {
  const { gpu, config, counters, weights } = model;
  const embed = allocateChatTable(arena, weights.embed, tableBytes ?? gpu.facts.maxStorageBufferBindingSize);
  const room = { contextRows, features };
  const buffers = allocateAnswers(arena, config, { embed, head: weights.head }, adapter?.settings, room);
  if ("bytes" in weights.embed && !("bytes" in embed)) write(gpu, embed.parts[0]!.data, weights.embed.bytes, counters);
  // Somebody waits for each token: no rests, whatever the pace of training.
  const waitedFor: RunOptions = { budget: budgetOf({ ...model.pace, mode: "full speed" }) };
  return decoderOn(model, arena, buffers, adapter, { batchMs, options: waitedFor });
}

/** On buffers that are there; the arena is for what its programs need. */
export function decoderOn(
  model: Vlm,
  arena: Arena,
  { b, d, embed }: AnswerBuffers,
  adapter: Adapter | undefined,
  { batchMs = 75, options = {} }: Pick<DecoderSettings, "batchMs"> & { options?: RunOptions },
): Decoder {
  const { gpu, counters } = model;
  const tableOnCpu = "bytes" in embed;
  const contextRows = b.capacity.cacheRows!;
  // One sequence, which begins at row 0.
  write(gpu, b.ends, new Uint32Array(contextRows).fill(contextRows), counters);
  write(gpu, d.noSlot, Int32Array.of(-1), counters);
  const staging = createStaging(gpu, counters, "tokens to read", 8 * d.steps);

  /** A program with the adapter and one without, each recorded when it is first asked for. */
  const bySpeaker = <K extends string>(record: (adapter: Adapter | undefined) => Recorder<K>) => {
    const programs = new Map<boolean, Promise<Program<K>>>();
    return (withAdapter: boolean): Promise<Program<K>> => {
      const built =
        programs.get(withAdapter) ?? record(withAdapter ? adapter : undefined).build(arena, model.pipelines);
      programs.set(withAdapter, built);
      return built;
    };
  };
  const prefillBy = bySpeaker((speaker) => recordPrefill(model, b, d, speaker));
  const decodeBy = bySpeaker((speaker) => recordDecode(model, b, d, speaker));
  const read = async (count: number): Promise<Choice[]> => {
    const words = await staging.read([d.chosen, 8 * count]);
    const [ids, logits] = [new Uint32Array(words), new Float32Array(words)];
    return Array.from({ length: count }, (_, i) => ({ id: ids[2 * i]!, largest: logits[2 * i + 1]! }));
  };
  const sampling = ({ temperature, topP, topK = 0, seed }: Speaker) => ({ temperature, topP, topK, seed });

  let batch = 1;
  return {
    buffers: b,
    async prefill(prompt, pictures, past, speaker) {
      const { inputIds: ids } = prompt;
      const pass = await prefillBy(speaker.adapter);
      write(gpu, b.positions, contextPositions(prompt, model, contextRows), counters);
      for (let at = past; at < ids.length; at += b.capacity.rows) {
        const part = ids.subarray(at, at + b.capacity.rows);
        const rows = part.length;
        writeTokens(gpu, counters, embed, b, part);
        writeSlots(gpu, counters, b, slotsFrom(pictures, at, rows));
        write(gpu, b.labelRows, Uint32Array.of(rows - 1), counters);
        const labelRows = at + rows === ids.length ? 1 : 0;
        await pass.run({ rows, past: at, labelRows, ...sampling(speaker) }, model.pace, options);
      }
      return (await read(1))[0]!;
    },
    async decode(id, past, most, speaker) {
      const pass = await decodeBy(speaker.adapter);
      const steps = Math.min(batch, most);
      const started = performance.now();
      // On the GPU the id is where the last pass left it.
      if (tableOnCpu) writeTokens(gpu, counters, embed, b, [id]);
      await pass.run({ steps, past, ...sampling(speaker) }, model.pace, options);
      const choices = await read(steps);
      batch = Math.min(d.steps, nextBatch(steps, performance.now() - started, batchMs));
      return choices;
    },
    async makeReady(speaker) {
      await prefillBy(speaker.adapter);
      await decodeBy(speaker.adapter);
    },
    dispose: () => staging.destroy(),
  };
}

/** [contextRows, axes]: positions of a prompt and of the answer's tokens behind it. */
function contextPositions(
  prompt: Pick<Example, "inputIds" | "images">,
  model: PositionFacts,
  contextRows: number,
): Uint32Array {
  const axes = axesOf(model.config.decoder);
  const { positions, next } = tokenPositions([prompt], model);
  return Uint32Array.from({ length: contextRows * axes }, (_, i) =>
    i < positions.length ? positions[i]! : next + Math.floor((i - positions.length) / axes),
  );
}

/** Tokens of the batch after one of `steps` that took `ms`: as many as fit in `batchMs`, at most doubled, for a timing may be off. */
export const nextBatch = (steps: number, ms: number, batchMs: number): number =>
  Math.max(1, Math.min(2 * steps, Math.floor((steps * batchMs) / ms)));

/** The token of a choice. Throws TabTuneError "gpu-error" where no logit was finite, or one was NaN or infinite. */
export function tokenOf({ id, largest }: Choice): number {
  if (Number.isFinite(largest)) return id;
  throw new TabTuneError(
    "gpu-error",
    `There is no next token: the largest logit is ${largest}.`,
    "Switch the adapter off or take that of another run; if the model alone does it too, load it again.",
  );
}
