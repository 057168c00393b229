/**
 * Example <-> bytes, little end first:
 *
 *     u32 magic "TTEX", u16 version, u8 bytes of an id (2 or 4), u8 zero, u32 row, u32 tokens T, u32 images, u32 pixel bytes,
 *     per image u32 height, width, tiles, tokens;  T ids;  ceil(T/4) bytes of kinds, two bits each from the low end;  pixels
 *
 * Pixels are most of it, and stay raw: they are read far more often than they are written.
 */
import { TabTuneError } from "../../errors.ts";
import { type Example, type ExampleImage, TokenKind, tilesOf } from "../example.ts";

const MAGIC = 0x58455454;
const VERSION = 1;
const HEADER = 24;
const IMAGE = 16;

function broken(what: string): TabTuneError {
  return new TabTuneError(
    "bad-dataset",
    `A prepared row is damaged: ${what}.`,
    "Prepare the data again from its files.",
    "The files and the runs are untouched.",
  );
}

/** The bytes of one example. Throws TabTuneError "internal" when its parts do not belong together. */
export function encodeExample(example: Example): Uint8Array {
  const { row, inputIds, kinds, images, pixels } = example;
  const tiles = tilesOf(example);
  if (kinds.length !== inputIds.length || (tiles === 0 ? pixels.length > 0 : pixels.length % (3 * tiles) !== 0)) {
    throw new TabTuneError(
      "internal",
      `Row ${row} has ${inputIds.length} ids, ${kinds.length} kinds and ${pixels.length} bytes for ${tiles} tiles.`,
      "Report this error with its text.",
    );
  }
  // Ids are compared as unsigned, so that a negative one takes four bytes and comes back as it was.
  const wide = inputIds.some((id) => id >>> 0 > 0xffff);
  const idBytes = wide ? 4 : 2;
  const idsAt = HEADER + IMAGE * images.length;
  const kindsAt = idsAt + idBytes * inputIds.length;
  const pixelsAt = kindsAt + Math.ceil(kinds.length / 4);
  const bytes = new Uint8Array(pixelsAt + pixels.length);
  const data = new DataView(bytes.buffer);
  data.setUint32(0, MAGIC, true);
  data.setUint16(4, VERSION, true);
  data.setUint8(6, idBytes);
  [row, inputIds.length, images.length, pixels.length].forEach((word, i) => {
    data.setUint32(8 + 4 * i, word, true);
  });
  images.forEach(({ height, width, tiles, tokens }, k) => {
    [height, width, tiles, tokens].forEach((word, i) => {
      data.setUint32(HEADER + IMAGE * k + 4 * i, word, true);
    });
  });
  inputIds.forEach((id, t) => {
    if (wide) data.setInt32(idsAt + 4 * t, id, true);
    else data.setUint16(idsAt + 2 * t, id, true);
  });
  kinds.forEach((kind, t) => {
    bytes[kindsAt + (t >> 2)]! |= (kind & 3) << (2 * (t & 3));
  });
  bytes.set(pixels, pixelsAt);
  return bytes;
}

/** The example in `bytes`, in memory of its own. Throws TabTuneError "bad-dataset" where a length or a value cannot be. */
export function decodeExample(bytes: Uint8Array): Example {
  if (bytes.length < HEADER) throw broken(`it has ${bytes.length} bytes`);
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (data.getUint32(0, true) !== MAGIC) throw broken("it does not begin as one");
  const version = data.getUint16(4, true);
  if (version !== VERSION) throw broken(`it has format ${version}, this version reads ${VERSION}`);
  const idBytes = data.getUint8(6);
  if (idBytes !== 2 && idBytes !== 4) throw broken(`its ids take ${idBytes} bytes`);
  const [row, length, imageCount, pixelBytes] = [8, 12, 16, 20].map((at) => data.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  const idsAt = HEADER + IMAGE * imageCount;
  const kindsAt = idsAt + idBytes * length;
  const pixelsAt = kindsAt + Math.ceil(length / 4);
  if (pixelsAt + pixelBytes !== bytes.length) {
    throw broken(`row ${row} should have ${pixelsAt + pixelBytes} bytes and has ${bytes.length}`);
  }
  const images = Array.from({ length: imageCount }, (_, k): ExampleImage => {
    const word = (i: number) => data.getUint32(HEADER + IMAGE * k + 4 * i, true);
    return { height: word(0), width: word(1), tiles: word(2), tokens: word(3) };
  });
  const inputIds = Int32Array.from({ length }, (_, t) =>
    idBytes === 4 ? data.getInt32(idsAt + 4 * t, true) : data.getUint16(idsAt + 2 * t, true),
  );
  const kinds = Uint8Array.from({ length }, (_, t) => (bytes[kindsAt + (t >> 2)]! >> (2 * (t & 3))) & 3);
  const unknown = kinds.findIndex((kind) => kind > TokenKind.response);
  if (unknown !== -1) throw broken(`token ${unknown} of row ${row} has kind ${kinds[unknown]}`);
  return { row, inputIds, kinds, images, pixels: bytes.slice(pixelsAt) };
}
