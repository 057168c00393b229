import { BlobWriter, TextReader, ZipWriter } from "@zip.js/zip.js/lib/zip-core-native.js";
import { gzipSync, strToU8, zipSync } from "fflate";
import { expect, test } from "vitest";
import { file, paxRecord, pixel, readAll, said, tarOf } from "../../testing/rows.ts";

const lines = '{"image":"1.jpg","text":"a cat"}\n';
const good = { "metadata.jsonl": strToU8(lines), "1.jpg": pixel };
const cat = ["user: [image]Describe the image. | assistant: a cat"];

test.each<[string, string, string, Uint8Array]>([
  ["../evil.jpg", "unsafe-name", "zip", zipSync({ ...good, "../evil.jpg": pixel })],
  ["a/../../evil.jpg", "unsafe-name", "zip", zipSync({ ...good, "a/../../evil.jpg": pixel })],
  ["/etc/passwd", "unsafe-name", "zip", zipSync({ ...good, "/etc/passwd": pixel })],
  ["C:\\evil.jpg", "unsafe-name", "zip", zipSync({ ...good, "C:\\evil.jpg": pixel })],
  ["nul\0.jpg", "unsafe-name", "zip", zipSync({ ...good, "nul\0.jpg": pixel })],
  ["an endless name", "unsafe-name", "zip", zipSync({ ...good, [`${"a/".repeat(600)}b`]: pixel })],
  ["nested zip", "nested-archive", "zip", zipSync({ ...good, "more.zip": zipSync(good) })],
  ["nested tar", "nested-archive", "zip", zipSync({ ...good, "more.tar": pixel })],
  ["nested tar.gz", "nested-archive", "zip", zipSync({ ...good, "more.tar.gz": pixel })],
  [
    "../evil.jpg",
    "unsafe-name",
    "tar",
    tarOf([{ name: "../evil.jpg" }, { name: "1.jpg", content: pixel }, { name: "metadata.jsonl", content: lines }]),
  ],
  [
    "link",
    "not-a-file",
    "tar",
    tarOf([
      { name: "l", kind: "2" },
      { name: "1.jpg", content: pixel },
      { name: "metadata.jsonl", content: lines },
    ]),
  ],
  [
    "duplicate",
    "duplicate-name",
    "tar",
    tarOf([
      { name: "1.jpg", content: pixel },
      { name: "./1.jpg", content: "x" },
      { name: "metadata.jsonl", content: lines },
    ]),
  ],
  [
    "nested zip",
    "nested-archive",
    "tar",
    tarOf([{ name: "a.zip" }, { name: "1.jpg", content: pixel }, { name: "metadata.jsonl", content: lines }]),
  ],
])("leaves out %j (%s, %s) and reads the rest", async (_, reason, kind, bytes) => {
  const { rows, skipped, error } = await readAll([file(`set.${kind}`, bytes)]);
  expect(error).toBeUndefined();
  expect(skipped.map((s) => [s.index, s.reason])).toEqual([[-1, reason]]);
  expect(rows.map(said)).toEqual(cat);
  expect(await rows[0]!.images[0]!.bytes()).toEqual(pixel);
});

test("folders and the litter of operating systems are passed over in silence", async () => {
  const zipped = zipSync({ ...good, "__MACOSX/._1.jpg": pixel, ".DS_Store": pixel, "empty/": new Uint8Array() });
  const { rows, skipped } = await readAll([file("set.zip", zipped), file("Thumbs.db", "x")]);
  expect([rows.length, skipped]).toEqual([1, []]);
});

test("backslashes in a zip are folders", async () => {
  const { rows } = await readAll([
    file("set.zip", zipSync({ "metadata.jsonl": strToU8('{"image":"d\\\\1.jpg","text":"a cat"}'), "d\\1.jpg": pixel })),
  ]);
  expect(rows[0]!.images[0]!.path).toBe("set.zip/d/1.jpg");
});

test.each<[string, string, number[], string | undefined]>([
  ["GBK", "\u7ea2\u8272", [0xba, 0xec, 0xc9, 0xab], "1 name in set.zip is not UTF-8 and read as GBK;"],
  ["Shift-JIS", "\u732b\u306e", [0x94, 0x4c, 0x82, 0xcc], "1 name in set.zip is not UTF-8 and read as Shift-JIS;"],
  ["CP437", "M\u00dcLL", [0x4d, 0x9a, 0x4c, 0x4c], "1 name in set.zip is not UTF-8 and read as CP437 (DOS),"],
  ["UTF-8 without its flag", "\u7ea2", [0xe7, 0xba, 0xa2], undefined],
])("names in a zip in %s", async (_, name, inZip, note) => {
  const line = strToU8(`{"image":"${name}.jpg","text":"a cat"}`);
  const zip = zipSync({ "metadata.jsonl": line, [`${"\u0001".repeat(inZip.length)}.jpg`]: pixel }, { level: 0 });
  for (let i = 0; i < zip.length; i++) if (inZip.every((_, j) => zip[i + j] === 1)) zip.set(inZip, i);
  const { rows, notes } = await readAll([file("set.zip", zip)]);
  expect(rows[0]?.images[0]?.path).toBe(`set.zip/${name}.jpg`);
  expect(notes.map((text) => text.slice(0, note?.length))).toEqual(note ? [note] : []);
});

test("a zip bomb is left out by its ratio, and refused by its unpacked size", async () => {
  const bomb = zipSync({ ...good, "bomb.jpg": new Uint8Array(20 * 2 ** 20) });
  expect(bomb.length).toBeLessThan(30_000);
  const { rows, skipped } = await readAll([file("set.zip", bomb)]);
  expect(rows.map(said)).toEqual(cat);
  expect(skipped.map((s) => s.reason)).toEqual(["zip-ratio"]);
  const { error } = await readAll([file("set.zip", bomb)], { limits: { ratio: 2000, unpackedBytes: 10 * 2 ** 20 } });
  expect([error?.code, error?.message]).toEqual(["bad-dataset", "set.zip would unpack to more than 10 MiB."]);
});

test("the unpacked size counts over all archives", async () => {
  const files = [
    file("a.zip", zipSync({ "1.jpg": new Uint8Array(600) })),
    file("b.zip", zipSync({ "2.jpg": new Uint8Array(600) })),
  ];
  const { error } = await readAll(files, { limits: { unpackedBytes: 1000 } });
  expect(error?.message).toBe("b.zip would unpack to more than 1000 bytes.");
});

test.each(["zip", "tar"])("too many entries: %s", async (kind) => {
  const names = Array.from({ length: 6 }, (_, i) => `${i}.jpg`);
  const bytes =
    kind === "zip"
      ? zipSync(Object.fromEntries(names.map((name) => [name, pixel])))
      : tarOf(names.map((name) => ({ name })));
  const { error } = await readAll([file(`set.${kind}`, bytes)], { limits: { archiveEntries: 5 } });
  expect([error?.code, error?.message]).toEqual(["bad-dataset", `set.${kind} has too many entries.`]);
});

/** The archive with `patch` applied at each offset where a directory or local header starts. */
function patchHeaders(
  zip: Uint8Array,
  patch: (view: DataView, offset: number, directory: boolean) => void,
): Uint8Array {
  const copy = zip.slice();
  const view = new DataView(copy.buffer);
  for (let i = 0; i + 46 < copy.length; i++) {
    const signature = view.getUint32(i, true);
    if (signature === 0x02014b50 || signature === 0x04034b50) patch(view, i, signature === 0x02014b50);
  }
  return copy;
}

test.each([10, 1])("a zip entry whose size is not the declared %i bytes fails when it is read", async (claim) => {
  const zip = zipSync({ "1.jpg": new Uint8Array(5).fill(7), "1.txt": strToU8("a cat") });
  const lying = patchHeaders(zip, (view, offset, directory) => {
    const name = view.getUint8(offset + (directory ? 46 : 30) + 2); // "1.jpg" or "1.txt"
    if (name === "j".charCodeAt(0)) view.setUint32(offset + (directory ? 24 : 22), claim, true);
  });
  const { rows } = await readAll([file("set.zip", lying)]);
  await expect(rows[0]!.images[0]!.bytes()).rejects.toMatchObject({ code: "bad-image" });
});

test("a zip entry with a wrong checksum fails when it is read", async () => {
  const zip = zipSync({ "1.jpg": [new Uint8Array(50).fill(7), { level: 0 }], "1.txt": strToU8("a cat") });
  zip[zip.indexOf(7, 35) + 3] = 8;
  const { rows } = await readAll([file("set.zip", zip)]);
  await expect(rows[0]!.images[0]!.bytes()).rejects.toMatchObject({
    code: "bad-image",
    message: expect.stringContaining("set.zip/1.jpg"),
  });
});

test("a caption with a wrong checksum costs its row", async () => {
  const names = { "1.jpg": pixel, "1.txt": strToU8("a cat"), "2.jpg": pixel, "2.txt": strToU8("a dog") };
  const zip = zipSync(names, { level: 0 });
  zip[new TextDecoder("latin1").decode(zip).indexOf("a dog")] = 98;
  const { rows, skipped } = await readAll([file("set.zip", zip)]);
  expect(rows.map(said)).toEqual(cat);
  expect(skipped.map((s) => [s.index, s.source, s.reason])).toEqual([[1, "set.zip/2.jpg", "broken-part"]]);
});

test("an encrypted entry is left out", async () => {
  const zip = patchHeaders(zipSync({ ...good, "z.jpg": pixel }), (view, offset, directory) => {
    if (view.getUint8(offset + (directory ? 46 : 30)) === "z".charCodeAt(0))
      view.setUint16(offset + (directory ? 8 : 6), 1, true);
  });
  const { rows, skipped } = await readAll([file("set.zip", zip)]);
  expect([rows.length, skipped.map((s) => s.reason)]).toEqual([1, ["encrypted"]]);
});

test("a damaged table inside a zip names the file", async () => {
  const zip = zipSync({ "rows.jsonl": [strToU8('{"question":"Q","answer":"A"}\n'), { level: 0 }] });
  zip[zip.indexOf("Q".charCodeAt(0))] = "R".charCodeAt(0);
  const { rows, error } = await readAll([file("set.zip", zip)]);
  expect(rows).toEqual([]);
  expect([error?.code, error?.message]).toEqual(["bad-dataset", "set.zip/rows.jsonl cannot be read: Invalid CRC32."]);
});

test.each([100, 600])("a zip cut off after %i bytes is refused", async (length) => {
  const zip = zipSync({ "rows.jsonl": [strToU8('{"question":"Q","answer":"A"}\n'.repeat(40)), { level: 0 }] });
  const { error } = await readAll([file("set.zip", zip.slice(0, length))]);
  expect([error?.code, error?.message]).toEqual([
    "bad-dataset",
    expect.stringContaining("set.zip cannot be read as a zip archive"),
  ]);
});

test("a packed tar is read, within its limits", async () => {
  const tar = tarOf([
    { name: "1.jpg", content: pixel },
    { name: "metadata.jsonl", content: lines },
  ]);
  const packed = gzipSync(tar);
  const { rows, skipped } = await readAll([file("set.tar.gz", packed)]);
  expect([rows.map(said), skipped]).toEqual([cat, []]);
  expect(await rows[0]!.images[0]!.bytes()).toEqual(pixel);
  const { error } = await readAll([file("set.tgz", packed)], { limits: { gzipBytes: 1000 } });
  expect(error?.message).toBe("set.tgz would unpack to more than 1000 bytes.");
  const two = await readAll([file("a.tgz", packed), file("b.tgz", packed)], {
    limits: { unpackedBytes: tar.length + 10 },
  });
  expect(two.error?.message).toBe("b.tgz would unpack to more than 10 bytes.");
  const bomb = await readAll([file("bomb.tgz", gzipSync(new Uint8Array(20 * 2 ** 20)))]);
  expect(bomb.error?.message).toBe("bomb.tgz would unpack to more than 16 MiB.");
  const cut = await readAll([file("cut.tgz", packed.slice(0, -20))]);
  expect([cut.error?.code, cut.error?.message]).toEqual([
    "bad-dataset",
    expect.stringContaining("cut.tgz cannot be unpacked"),
  ]);
});

test("an archive is the folder that it would unpack to", async () => {
  const rowsOf =
    '{"image":"cats/1.jpg","text":"a cat"}\n{"image":"dogs/1.jpg","text":"a dog"}\n{"image":"birds/1.jpg","text":"a bird"}';
  const { rows, skipped } = await readAll([
    file("x.jsonl", rowsOf),
    file("cats.zip", zipSync({ "1.jpg": pixel })),
    file("dogs.tar", tarOf([{ name: "1.jpg", content: pixel }])),
  ]);
  expect(rows.map((row) => row.images[0]!.path)).toEqual(["cats.zip/1.jpg", "dogs.tar/1.jpg"]);
  expect(skipped.map((s) => [s.index, s.reason])).toEqual([[2, "missing-picture"]]);
});

test("ZIP64", async () => {
  const writer = new ZipWriter(new BlobWriter(), { zip64: true, useWebWorkers: false });
  await writer.add("rows.jsonl", new TextReader('{"question":"Q","answer":"A"}'));
  const { rows } = await readAll([{ path: "set.zip", blob: await writer.close() }]);
  expect(rows.map(said)).toEqual(["user: Q | assistant: A"]);
});

test("tar: pax path and size, GNU long name, ustar prefix, V7 header", async () => {
  const long = `${"long/".repeat(30)}ü.jpg`;
  const gnu = `${"gnu/".repeat(30)}2.jpg`;
  const tar = tarOf([
    { name: "PaxHeader", kind: "x", content: paxRecord("path", long) + paxRecord("size", "4") },
    { name: "cut", content: pixel, claim: 0 },
    { name: "././@LongLink", kind: "L", content: `${gnu}\0` },
    { name: "cut", content: pixel },
    { name: "3.jpg", content: pixel },
    {
      name: "rows.jsonl",
      content: [long, gnu, "3.jpg"].map((path) => JSON.stringify({ image: path, text: "A" })).join("\n"),
    },
  ]);
  const { rows, skipped } = await readAll([file("set.tar", tar)]);
  expect(skipped).toEqual([]);
  expect(rows.map((row) => row.images[0]!.path)).toEqual([`set.tar/${long}`, `set.tar/${gnu}`, "set.tar/3.jpg"]);
  for (const row of rows) expect(await row.images[0]!.bytes()).toEqual(pixel);
});

test.each<[string, Uint8Array]>([
  [
    "a size beyond the file",
    tarOf([
      { name: "1.jpg", content: pixel },
      { name: "1.txt", content: "A" },
      { name: "2.jpg", content: pixel, claim: 2 ** 30 },
    ]),
  ],
  [
    "a cut",
    tarOf([
      { name: "1.jpg", content: pixel },
      { name: "1.txt", content: "A" },
      { name: "2.jpg", content: new Uint8Array(2000) },
    ]).slice(0, 3000),
  ],
  [
    "garbage",
    new Uint8Array([
      ...tarOf([
        { name: "1.jpg", content: pixel },
        { name: "1.txt", content: "A" },
      ]).slice(0, 2048),
      ...new Uint8Array(512).fill(65),
    ]),
  ],
])("tar with %s: what is before it is read, the rest is reported", async (_, tar) => {
  const { rows, skipped } = await readAll([file("set.tar", tar)]);
  expect(rows.map(said)).toEqual(["user: [image]Describe the image. | assistant: A"]);
  expect(skipped.map((s) => [s.index, s.reason])).toEqual([[-1, "broken-part"]]);
});

test("a tar with zeros in it, or without its end, says that rows may be missing", async () => {
  const whole = tarOf([
    { name: "1.jpg", content: pixel },
    { name: "1.txt", content: "a cat" },
    { name: "2.jpg", content: pixel },
    { name: "2.txt", content: "a dog" },
  ]);
  const sound = await readAll([file("x.tar", whole)]);
  expect([sound.rows.length, sound.skipped]).toEqual([2, []]);
  const zeros = await readAll([file("x.tar", whole.slice().fill(0, 2048, 2560))]);
  expect(zeros.rows).toHaveLength(1);
  expect(zeros.skipped.map(({ message }) => message)).toEqual([
    "x.tar has the mark of its end at byte 2048 and goes on at byte 2560; what follows is lost.",
  ]);
  const cut = await readAll([file("x.tar", whole.slice(0, 2048))]);
  expect(cut.rows).toHaveLength(1);
  expect(cut.skipped.map(({ message }) => message)).toEqual([
    "x.tar has no mark of its end: it may be cut off, and what follows lost.",
  ]);
});
