/** What was lent is there again when it is wanted, to the bit, whoever borrowed it. */
import { beforeAll, expect, test } from "vitest";
import { type Bench, testBench } from "../testing/gpu.ts";
import { newCounters, readBack, type Tensor, view, write } from "./buffers.ts";
import { LentMemory } from "./lent-memory.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await testBench();
});

/** Bits that no arithmetic gives, NaN among them. */
const bitsFrom = (first: number, length: number): Uint32Array =>
  Uint32Array.from({ length }, (_, i) => 0x7fc00000 + first + i);
const bitsIn = async (tensor: Tensor): Promise<Uint32Array> =>
  new Uint32Array((await readBack(bench.gpu, [tensor]))[0]!.buffer);
const spoil = (tensor: Tensor): void => write(bench.gpu, tensor, new Float32Array(tensor.length).fill(1));

test("what was lent is written again once, and only where a borrower has taken it", async () => {
  const counters = newCounters();
  const lent = new LentMemory(bench.gpu, counters);
  const [whole, other] = [bitsFrom(0, 256), bitsFrom(1000, 64)];
  const tensor = bench.arena.upload("whole", whole);
  const beside = bench.arena.upload("beside", other);
  const borrowed = lent.lend([{ ...tensor, length: 128 }, beside]);
  await lent.restore();
  expect(counters.bytesWritten).toBe(0);

  await borrowed.take();
  spoil({ ...tensor, length: 128 });
  spoil(beside);
  await borrowed.take();
  expect(await bitsIn(beside)).not.toEqual(other);
  await lent.restore();
  expect([await bitsIn(tensor), await bitsIn(beside)]).toEqual([whole, other]);
  await lent.restore();
  expect(counters.bytesWritten).toBe(4 * (128 + 64));

  // A borrower that goes leaves it as it is: whoever reads it next has it written.
  await borrowed.take();
  spoil(beside);
  borrowed.giveBack();
  expect(counters.bytesWritten).toBe(4 * (128 + 64));
  await lent.restore();
  expect(await bitsIn(beside)).toEqual(other);
});

test("who borrows what another has written over gets a copy of what lay there before", async () => {
  const lent = new LentMemory(bench.gpu, newCounters());
  const bits = bitsFrom(7, 192);
  const tensor = bench.arena.upload("twice", bits);
  const first = lent.lend([tensor]);
  const second = lent.lend([view(tensor, 64, 128)]);
  await first.take();
  spoil(tensor);
  await second.take();
  spoil(view(tensor, 64, 128));
  first.giveBack();
  second.giveBack();
  await lent.restore();
  expect(await bitsIn(tensor)).toEqual(bits);
});

test("a borrower of nothing has nothing written", async () => {
  const counters = newCounters();
  const lent = new LentMemory(bench.gpu, counters);
  const tensor = bench.arena.upload("one", bitsFrom(0, 64));
  await lent.lend([tensor]).take();
  const before = counters.bytesWritten;
  await lent.lend([]).take();
  expect(counters.bytesWritten).toBe(before);
});
