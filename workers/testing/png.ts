/** PNGs made by hand, for tests: zlib of Node and nothing else. */
import zlib from "node:zlib";

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}

/** ISO 3309, as PNG wants it (zlib.crc32 came only with Node 22). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** `bits` and `colour` as IHDR has them; a line of `lines` begins with its filter. */
function png(width: number, height: number, bits: number, colour: number, lines: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bits;
  header[9] = colour;
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", zlib.deflateSync(lines)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A valid black 1-bit PNG: 16000 x 16000 pixels pack into 31 kB, and unpack into 1 GB of RGBA. */
export const blackPng = (side: number): Uint8Array =>
  png(side, side, 1, 0, new Uint8Array(side * (1 + Math.ceil(side / 8))));

/** A picture whose pixels have the colours that `colourAt` says. */
export function colourPng(
  width: number,
  height: number,
  colourAt: (x: number, y: number) => readonly [red: number, green: number, blue: number],
): Uint8Array {
  const stride = 1 + 3 * width;
  const lines = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) lines.set(colourAt(x, y), y * stride + 1 + 3 * x);
  return png(width, height, 8, 2, lines);
}
