import { expect, test } from "vitest";
import { eachOf } from "./each-of.ts";

test("all items are worked on, no more than so many at once", async () => {
  let under = 0;
  let most = 0;
  const done: number[] = [];
  await eachOf([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++under);
    await new Promise((resolve) => setTimeout(resolve, 6 - item));
    under -= 1;
    done.push(item);
  });
  expect(done.toSorted()).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

test("the first error ends it, after what is under way", async () => {
  const begun: number[] = [];
  let ended = 0;
  const work = eachOf([1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error("one");
    await new Promise((resolve) => setTimeout(resolve, 5));
    ended += 1;
  });
  await expect(work).rejects.toThrow("one");
  expect([begun, ended]).toEqual([[1, 2], 1]);
});
