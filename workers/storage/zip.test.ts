import { unzipSync } from "fflate";
import { expect, test } from "vitest";
import { zipped } from "./zip.ts";

const filled = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).map((_, i) => i * 7);

test("texts, bytes and blobs of several pieces come out as they went in", async () => {
  const large = filled(9_000_000);
  const zip = await zipped(
    [
      { path: "README.md", data: "größer" },
      { path: "a/b.bin", data: filled(10) },
      { path: "data/train.parquet", data: new Blob([large]) },
      { path: "empty", data: new Uint8Array(0) },
    ],
    "",
  );
  const files = unzipSync(new Uint8Array(await zip.arrayBuffer()));
  expect(new TextDecoder().decode(files["README.md"])).toBe("größer");
  expect(files["a/b.bin"]).toEqual(filled(10));
  expect(Buffer.from(files["data/train.parquet"]!).equals(Buffer.from(large))).toBe(true);
  expect(files.empty).toEqual(new Uint8Array(0));
});

test("more than a zip holds is refused before anything is read", async () => {
  const huge = { size: 5e9, slice: () => expect.unreachable() } as unknown as Blob;
  Object.setPrototypeOf(huge, Blob.prototype);
  Object.defineProperty(huge, "size", { value: 5e9 });
  await expect(zipped([{ path: "x", data: huge }], "Less.")).rejects.toMatchObject({
    code: "storage-full",
    remedy: "Less.",
  });
});
