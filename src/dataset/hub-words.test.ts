import { expect, test } from "vitest";
import { costWords, rowsWords } from "./hub-words.ts";

test.each<[{ bytes: number; rows?: number }, number | undefined, string]>([
  [{ bytes: 10e9, rows: 250_000 }, 1000, "The first 1000 rows will be downloaded: about 40 MB."],
  [{ bytes: 10e9, rows: 250_000 }, undefined, "All of it will be downloaded: 10.00 GB."],
  [{ bytes: 10e6, rows: 100 }, 1000, "All of it will be downloaded: about 10 MB."],
  [{ bytes: 10e9 }, 1, "The first 1 row will be downloaded: as much as they take, at most 10.00 GB."],
])("%j, %s rows", (set, rows, words) => {
  expect(costWords(set, rows)).toBe(
    `${words} What was downloaded is kept in this browser, up to 4.00 GB over all data sets.`,
  );
});

test("rows", () => {
  expect([rowsWords(1), rowsWords(undefined)]).toEqual(["1 row", "rows that its card does not count,"]);
});
