import { expect, test } from "vitest";
import { Planner } from "../gpu/buffers.ts";
import { embeddingForward } from "../kernels/rows/embedding.ts";
import { randomArray, testBench } from "../testing/gpu.ts";
import { f16ToF32, f32ToF16 } from "../weights/formats/dtype.ts";
import { allocateChatTable, allocatePassTable, type EmbedTable, writeTokens } from "./token-table.ts";

const bench = await testBench();
const [vocab, size] = [50, 12];
const values = f32ToF16(randomArray(vocab * size, 1));
const bytes = new Uint8Array(values.buffer);
const onGpu: EmbedTable = {
  ...{ out: vocab, in: size },
  parts: [{ format: "f16", out: vocab, in: size, data: bench.arena.tensor("t", 4) }],
};

async function embeddings(embed: EmbedTable, inputIds: number[]) {
  const rows = inputIds.length;
  const pass = { ids: bench.arena.tensor("ids", rows), table: allocatePassTable(bench.arena, embed, rows) };
  writeTokens(bench.gpu, bench.arena.counters, embed, pass, inputIds);
  const y = bench.arena.tensor("y", rows * size);
  const [out] = await bench.run(
    (recorder) =>
      embeddingForward(recorder, {
        y,
        ids: pass.ids,
        table: pass.table.parts,
        imageFeatures: bench.arena.tensor("features", size),
        imageSlots: bench.arena.upload("slots", new Int32Array(rows).fill(-1)),
        size,
        rows,
      }),
    [y],
  );
  return [...out!];
}

test.each([[[49]], [[0, 0, 0]], [[3, 1, 4, 1, 5, 9, 2, 6, 49, 0, 3]]])(
  "ids %j: a table in CPU memory gives the rows of one on the GPU",
  async (ids) => {
    const facts = { format: "f16" as const, out: vocab, in: size };
    const host = await embeddings({ ...facts, bytes }, ids);
    expect(host).toEqual(ids.flatMap((id) => [...f16ToF32(values.slice(id * size, (id + 1) * size))]));
    const part = (from: number, to: number) => ({
      ...{ ...facts, out: to - from },
      data: bench.arena.upload("table", bytes.slice(2 * from * size, 2 * to * size)),
    });
    for (const cuts of [[], [1], [9, 49]]) {
      const borders = [0, ...cuts, vocab];
      const parts = borders.slice(1).map((to, n) => part(borders[n]!, to));
      expect(await embeddings({ out: vocab, in: size, parts }, ids), `cut at ${cuts}`).toEqual(host);
    }
  },
);

test("a table in CPU memory takes a row per token on the GPU, one on the GPU nothing more", () => {
  const planner = new Planner();
  allocatePassTable(planner, { format: "f16", out: 32_064, in: 2048, bytes: new Uint8Array() }, 700);
  expect(planner.totalBytes).toBe(700 * 2048 * 2);
  allocatePassTable(planner, onGpu, 700);
  expect(planner.totalBytes).toBe(700 * 2048 * 2);
});

test("a chat takes a table to the GPU when it can be bound in one piece, and no table twice", () => {
  const MiB = 1024 * 1024;
  const host = (size: number): EmbedTable => ({ format: "f16", out: 32_064, in: size, bytes: new Uint8Array() });
  const taken = (embed: EmbedTable, limit: number): number => {
    const planner = new Planner();
    const table = allocateChatTable(planner, embed, limit);
    expect(table === embed).toBe(planner.totalBytes === 0);
    return planner.totalBytes;
  };
  expect(taken(host(2048), 128 * MiB), "tiny-llava").toBe(32_064 * 2048 * 2);
  expect(taken(host(4096), 128 * MiB), "7B, the least of limits").toBe(0);
  expect(taken(host(4096), 256 * MiB), "7B").toBe(32_064 * 4096 * 2);
  expect(taken(onGpu, 128 * MiB)).toBe(0);
});
