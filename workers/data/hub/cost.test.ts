import { expect, test } from "vitest";
import { FOOTER_BYTES } from "../rows/limits.ts";
import { bytesFor } from "./cost.ts";

test.each<[bytes: number, all: number | undefined, rows: number | undefined, expected: number | undefined]>([
  [10e9, 250_000, 1000, 40e6 + FOOTER_BYTES],
  // A row group comes as a whole.
  [10e9, 250_000, 1, 4e6 + FOOTER_BYTES],
  [10e9, 250_000, undefined, 10e9],
  [10e9, 250_000, 300_000, 10e9],
  [10e9, undefined, 1000, undefined],
  [1000, 10, 5, 1000],
])("%s bytes of %s rows, the first %s", (bytes, all, rows, expected) => {
  expect(bytesFor({ bytes, ...(all === undefined ? {} : { rows: all }) }, rows)).toBe(expected);
});
