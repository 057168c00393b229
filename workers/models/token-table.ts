/**
 * The token embedding table. A small one lies on the GPU, and so does one that is the output head too. Another large one (131 MB for
 * tiny-llava) stays in CPU memory, and a pass uploads the rows of the tokens it holds: a few MB beside seconds of compute. Either way
 * the embedding kernel reads rows by index.
 */
import { type Allocator, type Counters, type Tensor, write } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import type { DenseFormat, DenseWeight } from "../kernels/linear/weight.ts";

/** A table [out, in] of the vocabulary on the GPU, cut by rows so that any adapter can bind each part. */
export interface VocabularyTable {
  out: number;
  in: number;
  /** All but the last have a multiple of 64 rows, so that their logits begin on a binding border. */
  parts: DenseWeight[];
}

/** A table [out, in] in CPU memory. `bytes` is empty until the checkpoint is read. */
export interface HostTable {
  format: DenseFormat;
  out: number;
  in: number;
  bytes: Uint8Array;
}

export type EmbedTable = VocabularyTable | HostTable;

/** Tables from this size on stay in CPU memory. */
export const HOST_TABLE_BYTES = 64 * 1024 * 1024;

export const wordsPerValue: Record<DenseFormat, number> = { f32: 1, f16: 0.5, bf16: 0.5 };

/** What a pass of at most `rows` tokens looks its embeddings up in: the whole table, or room for a row per token. */
export function allocatePassTable(alloc: Allocator, embed: EmbedTable, rows: number): VocabularyTable {
  if (!("bytes" in embed)) return embed;
  const { format, in: size } = embed;
  const data = alloc.tensor("tokens/embeddings", Math.ceil(rows * size * wordsPerValue[format]));
  return { out: rows, in: size, parts: [{ format, out: rows, in: size, data }] };
}

/**
 * Room for the table in a chat: decoding takes the row of a token that only the GPU knows yet, so a table in CPU memory gets a place on
 * the GPU (to be filled with its `bytes`) for as long as the chat lives, if it has at most `limit` bytes. It is a tenth of the model's
 * own memory or less: 131 MB for tiny-llava, which any adapter binds in one piece; 262 MB for the 7B models, whose table an adapter
 * with the least of limits (128 MiB) cannot bind: there it stays, and the CPU uploads each token's row.
 */
export function allocateChatTable(alloc: Allocator, embed: EmbedTable, limit: number): EmbedTable {
  if (!("bytes" in embed)) return embed;
  const { format, out, in: size } = embed;
  const words = Math.ceil(out * size * wordsPerValue[format]);
  if (4 * words > limit) return embed;
  return { out, in: size, parts: [{ format, out, in: size, data: alloc.tensor("tokens/table", words) }] };
}

/** Queues the ids of a pass, and with a table in CPU memory the rows that they name: `ids` then counts those rows. */
export function writeTokens(
  gpu: Gpu,
  counters: Counters,
  embed: EmbedTable,
  pass: { ids: Tensor; table: VocabularyTable },
  inputIds: ArrayLike<number>,
): void {
  if (!("bytes" in embed)) {
    write(gpu, pass.ids, Uint32Array.from(inputIds), counters);
    return;
  }
  const rowBytes = embed.in * 4 * wordsPerValue[embed.format];
  const rowOf = new Map<number, number>();
  const ids = Uint32Array.from(inputIds, (id) => {
    if (!rowOf.has(id)) rowOf.set(id, rowOf.size);
    return rowOf.get(id)!;
  });
  const rows = new Uint8Array(rowOf.size * rowBytes);
  for (const [id, row] of rowOf) {
    rows.set(embed.bytes.subarray(id * rowBytes, (id + 1) * rowBytes), row * rowBytes);
  }
  write(gpu, pass.table.parts[0]!.data, rows, counters);
  write(gpu, pass.ids, ids, counters);
}
