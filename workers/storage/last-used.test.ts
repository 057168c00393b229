import { expect, test } from "vitest";
import { lastUsed } from "./last-used.ts";

test("the keys used last are kept, and readers of one key share its load", async () => {
  const loads: number[] = [];
  const read = lastUsed(2, async (key: number) => {
    loads.push(key);
    return key * 10;
  });
  expect(await Promise.all([read(1), read(1), read(2)])).toEqual([10, 10, 20]);
  await read(1);
  await read(3);
  expect(loads).toEqual([1, 2, 3]);
  await read(1);
  await read(2);
  expect(loads).toEqual([1, 2, 3, 2]);
});

test("a failed load is tried again", async () => {
  let tries = 0;
  const read = lastUsed(2, async () => {
    tries += 1;
    if (tries === 1) throw new Error("no");
    return tries;
  });
  await expect(read(0)).rejects.toThrow("no");
  expect(await read(0)).toBe(2);
});
