import { expect, test } from "vitest";
import { inOrder } from "./in-order.ts";

async function* numbers(count: number, onTaken: (n: number) => void = () => {}): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) {
    onTaken(n);
    yield n;
  }
}

async function all<R>(results: AsyncIterable<R>): Promise<R[]> {
  const out: R[] = [];
  for await (const result of results) out.push(result);
  return out;
}

/** Promises that a test settles by hand. */
function gates() {
  const open = new Map<number, () => void>();
  const pass = (n: number) => new Promise<number>((resolve) => open.set(n, () => resolve(n)));
  return { pass, open: (n: number) => open.get(n)!(), begun: () => [...open.keys()] };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

test("results keep the order of the items, whichever is ready first", async () => {
  const { pass, open } = gates();
  const results = all(inOrder(numbers(5), 5, pass));
  for (const n of [4, 2, 0, 1, 3]) {
    await soon();
    open(n);
  }
  expect(await results).toEqual([0, 1, 2, 3, 4]);
});

test("no more than `width` items are taken ahead of the one that is awaited", async () => {
  const { pass, open, begun } = gates();
  const taken: number[] = [];
  const results = inOrder(
    numbers(10, (n) => taken.push(n)),
    3,
    pass,
  );
  const first = results.next();
  await soon();
  open(1);
  open(2);
  await soon();
  expect(begun()).toEqual([0, 1, 2]);
  expect(taken).toEqual([0, 1, 2]);
  open(0);
  expect((await first).value).toBe(0);
  await soon();
  expect(begun()).toEqual([0, 1, 2]);
  expect((await results.next()).value).toBe(1);
  await soon();
  expect(begun()).toEqual([0, 1, 2, 3]);
  await results.return(undefined);
});

test("errors of work and source come in their turn", async () => {
  const seen: number[] = [];
  const collect = async (results: AsyncIterable<number>) => {
    for await (const n of results) seen.push(n);
  };
  const work = async (n: number) => {
    if (n === 2) throw new Error("two");
    await soon();
    return n;
  };
  await expect(collect(inOrder(numbers(5), 4, work))).rejects.toThrow("two");
  expect(seen.splice(0)).toEqual([0, 1]);
  const source = numbers(5, (n) => {
    if (n === 2) throw new Error("unreadable");
  });
  await expect(collect(inOrder(source, 4, work))).rejects.toThrow("unreadable");
  expect(seen).toEqual([0, 1]);
});

test("who stops early stops the source, and begins no more work", async () => {
  let ended = false;
  async function* source() {
    try {
      yield* numbers(100);
    } finally {
      ended = true;
    }
  }
  const begun: number[] = [];
  const work = async (n: number) => {
    begun.push(n);
    await soon();
    if (n > 0) throw new Error("nobody hears this");
    return n;
  };
  for await (const n of inOrder(source(), 4, work)) {
    expect(n).toBe(0);
    break;
  }
  expect(ended).toBe(true);
  const count = begun.length;
  await soon();
  await soon();
  expect(count).toBeLessThanOrEqual(5);
  expect(begun.length).toBe(count);
});

test("an empty source, and one item at a time", async () => {
  expect(await all(inOrder(numbers(0), 4, async (n) => n))).toEqual([]);
  expect(await all(inOrder(numbers(4), 1, async (n) => n * n))).toEqual([0, 1, 4, 9]);
});
