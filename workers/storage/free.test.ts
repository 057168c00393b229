import { expect, test } from "vitest";
import { free, liesIn } from "./free.ts";

test("what lies in a buffer is found wherever it stands", () => {
  const [mine, other] = [new Uint8Array(8), new Uint8Array(8)];
  const buffers = new Set([mine.buffer]);
  expect(liesIn([{ a: "text", b: [null, { bytes: mine.subarray(2, 4) }] }], buffers)).toBe(true);
  expect(liesIn([{ a: "text", b: [null, { bytes: other }], c: 3n, d: new Date(0) }], buffers)).toBe(false);
});

test.skipIf(!("transfer" in ArrayBuffer.prototype))("a buffer that is given back has no bytes", () => {
  const bytes = new Uint8Array(8);
  free(bytes.buffer);
  expect(bytes.length).toBe(0);
});
