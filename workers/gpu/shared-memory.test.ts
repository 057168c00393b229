import { expect, test } from "vitest";
import { type Allocator, Planner, type Tensor } from "./buffers.ts";
import { sharedMemory } from "./shared-memory.ts";

/** Buffers that can be told apart. */
class Numbered extends Planner {
  readonly made: { label: string; length: number }[] = [];

  override tensor(label: string, length: number): Tensor {
    const made = { label, length };
    this.made.push(made);
    return { ...super.tensor(label, length), buffer: made as unknown as GPUBuffer };
  }
}

const lengthOf = ({ buffer }: Tensor): number => (buffer as unknown as { length: number }).length;

test("phases take what the largest takes, rank by rank; what is kept shares with nobody", () => {
  const alloc = new Numbered();
  const { first, second, kept } = sharedMemory(alloc, ["one", "two"], ({ one, two, kept }) => ({
    first: [100, 8, 60].map((n) => one.tensor("a/x", n)),
    second: [20, 400].map((n) => two.tensor("b/x", n)),
    kept: kept.tensor("c/x", 1000),
  }));
  expect([...first, ...second].map(({ length }) => length)).toEqual([100, 8, 60, 20, 400]);
  expect(first.map(lengthOf)).toEqual([400, 8, 60]);
  expect(second.map(lengthOf)).toEqual([60, 400]);
  expect(first[0]!.buffer).toBe(second[1]!.buffer);
  expect(first[2]!.buffer).toBe(second[0]!.buffer);
  expect(new Set([...first, kept].map(({ buffer }) => buffer)).size).toBe(4);
  expect(alloc.totalBytes).toBe(4 * (400 + 60 + 8 + 1000));
  // A buffer is told under the name of its largest tensor.
  expect(Object.fromEntries(alloc.groups)).toEqual({ b: 1600, a: 4 * 68, c: 4000 });
});

test("phases within a phase", () => {
  const alloc = new Numbered();
  const inner = (all: Allocator) =>
    sharedMemory(all, ["p", "q"], ({ p, q }) => [p.tensor("in/p", 40), q.tensor("in/q", 80)]);
  const [[p, q], other] = sharedMemory(alloc, ["one", "two"], ({ one, two }) => [
    inner(one) as [Tensor, Tensor],
    two.tensor("out/x", 64),
  ]) as [[Tensor, Tensor], Tensor];
  expect(new Set([p.buffer, q.buffer, other.buffer]).size).toBe(1);
  expect(alloc.totalBytes).toBe(320);
});

test("what is lent takes the largest tensors that it holds, each in the smallest; the others share", () => {
  const alloc = new Numbered();
  const from = [64, 400, 8, 128].map((length) => new Numbered().tensor("lent/x", length));
  const taken: Tensor[] = [];
  const { one, two } = sharedMemory(
    alloc,
    ["one", "two"],
    (phases) => ({
      one: [500, 100, 120, 8, 60, 6].map((n) => phases.one.tensor("a/x", n)),
      two: [200, 20].map((n) => phases.two.tensor("b/x", n)),
    }),
    { to: "one", from, most: 285, taken },
  );
  expect(one.map(({ length }) => length)).toEqual([500, 100, 120, 8, 60, 6]);
  // That of 100 finds only the 400 left; with those of 8 and 6, more would be lent than may be.
  expect(one.map(lengthOf)).toEqual([500, 400, 128, 20, 64, 6]);
  expect(two.map(lengthOf)).toEqual([500, 20]);
  expect(taken.map(({ length }) => length)).toEqual([120, 100, 60]);
  expect(taken.map(lengthOf)).toEqual([128, 400, 64]);
  expect(alloc.totalBytes).toBe(4 * (500 + 20 + 8));
});

test("whoever asks for something else the second time is told", () => {
  let n = 0;
  const lay = () => sharedMemory(new Planner(), ["one"], ({ one }) => one.tensor("a/x", 4 * ++n));
  expect(lay).toThrow("a/x was not asked for in this order");
});
