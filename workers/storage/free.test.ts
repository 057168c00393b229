import { expect, test } from "vitest";
import { free } from "./free.ts";

test.skipIf(!("transfer" in ArrayBuffer.prototype))("a buffer that is given back has no bytes", () => {
  const bytes = new Uint8Array(8);
  free(bytes.buffer);
  expect(bytes.length).toBe(0);
});
