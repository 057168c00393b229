import { expect, test } from "vitest";
import { readHashed, withHash } from "./hashed-file.ts";
import { readerOfBytes } from "./range-reader.ts";
import { isSealed, parsed, sealBytes, unsealed } from "./sealed.ts";

const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);

test("what was sealed is told from what an older version left, and a changed byte of it is found", async () => {
  const sealed = await sealBytes(bytes);
  expect([isSealed(sealed), isSealed(bytes), isSealed(new Uint8Array())]).toEqual([true, false, false]);
  expect(await unsealed(sealed)).toEqual(bytes);
  expect(await unsealed(bytes)).toEqual(bytes);
  expect(await unsealed(sealed.with(200, 1))).toBeUndefined();
  expect(parsed(new TextEncoder().encode('{"a":1}'))).toEqual({ a: 1 });
  expect(parsed(new TextEncoder().encode('{"a":'))).toBeUndefined();
});

test("a file with its hash behind it comes back, and each changed byte is found", async () => {
  const file = await withHash(bytes);
  expect(await readHashed(readerOfBytes(file))).toEqual(bytes);
  for (let at = 0; at < file.length; at += 7)
    expect(await readHashed(readerOfBytes(file.with(at, file[at]! ^ 4))), `byte ${at}`).toBeUndefined();
  expect(await readHashed(readerOfBytes(file.subarray(1)))).toBeUndefined();
  expect(await readHashed(readerOfBytes(new Uint8Array(9)))).toBeUndefined();
});
