import { expect, test } from "vitest";
import { readerOfBytes, sourceOfReader } from "./range-reader.ts";

const bytes = Uint8Array.from({ length: 2_500_000 }, (_, i) => i % 251);
const source = sourceOfReader(readerOfBytes(bytes));
const blob = new Blob([bytes]);

test.each<[number?, number?]>([[], [10], [10, 20], [-8], [-8, -4], [5, 3], [0, 1e9], [1e9], [0, 0]])(
  "a part from %s to %s is that of a Blob",
  async (start, end) => {
    const [part, same] = [source.slice(start, end), blob.slice(start, end)];
    expect(part.size).toBe(same.size);
    expect(await part.arrayBuffer()).toEqual(await same.arrayBuffer());
    expect(await part.slice(-3, -1).arrayBuffer()).toEqual(await same.slice(-3, -1).arrayBuffer());
  },
);

test("a stream has every byte in order", async () => {
  const whole = await new Response(source.slice(7).stream()).arrayBuffer();
  expect(whole).toEqual(await blob.slice(7).arrayBuffer());
});

test("nothing is read before it is asked for", async () => {
  const asked: number[][] = [];
  const lazy = sourceOfReader({
    size: 100,
    read: async (start, end) => {
      asked.push([start, end]);
      return new Uint8Array(end - start);
    },
  });
  const part = lazy.slice(10, 60).slice(5);
  expect(asked).toEqual([]);
  await part.arrayBuffer();
  expect(asked).toEqual([[15, 60]]);
});
