/**
 * PNG to pixels as Pillow's `Image.open(…).convert("RGB")`: alpha and tRNS are dropped, not composited, colour profiles and gamma
 * are ignored, 16-bit colour keeps its high byte, and 16-bit grey is clipped at 255 (Pillow's I;16 to RGB).
 * Own reader instead of fast-png 8: that one reads interlaced 1/2/4-bit pictures wrongly without an error, inflates without a
 * limit (a 1 MB file can ask for 1 GB) and does not check the zlib sum; the platform's inflate does, and is faster.
 * Source: W3C PNG (third edition), sections 5, 7.3 (Adam7), 9 (filters); Pillow PngImagePlugin.py `_MODES`.
 */
import { inflateExactly } from "./inflate.ts";
import { ascii } from "./orientation.ts";
import { type DecodedImage, withoutAlpha } from "./pixels.ts";
import { badImage } from "./probe.ts";

const channelsOf: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depthsOf: Record<number, number[]> = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
/** Adam7: first column, first row, column step, row step of each pass. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface PngChunks {
  width: number;
  height: number;
  depth: number;
  colorType: number;
  interlaced: boolean;
  palette: Uint8Array;
  data: Uint8Array<ArrayBuffer>[];
}

/**
 * @param bytes a whole PNG file whose size `probeImage` has accepted; of an animated PNG the default picture is read
 * @throws TabTuneError "bad-image"
 */
export async function decodePng(bytes: Uint8Array): Promise<DecodedImage> {
  const png = readChunks(bytes);
  const { width, height } = png;
  const bitsPerPixel = channelsOf[png.colorType]! * png.depth;
  const passes = (png.interlaced ? adam7 : [[0, 0, 1, 1] as const])
    .map(([x, y, dx, dy]) => ({
      x,
      y,
      dx,
      dy,
      columns: Math.ceil((width - x) / dx),
      rows: Math.ceil((height - y) / dy),
    }))
    .filter((pass) => pass.columns > 0 && pass.rows > 0)
    .map((pass) => ({ ...pass, rowBytes: Math.ceil((pass.columns * bitsPerPixel) / 8) }));
  const expected = passes.reduce((sum, pass) => sum + pass.rows * (1 + pass.rowBytes), 0);
  const raw = await inflateExactly(png.data, expected);

  const data = new Uint8Array(width * height * 4);
  const filterStep = Math.max(1, bitsPerPixel >> 3);
  let at = 0;
  for (const pass of passes) {
    unfilter(raw, at, pass.rows, pass.rowBytes, filterStep);
    for (let row = 0; row < pass.rows; row++) {
      const line = raw.subarray(at + 1, at + 1 + pass.rowBytes);
      const to = ((pass.y + row * pass.dy) * width + pass.x) * 4;
      writeRow(png, line, pass.columns, data, to, pass.dx * 4);
      at += 1 + pass.rowBytes;
    }
  }
  return withoutAlpha({ width, height, data });
}

function readChunks(bytes: Uint8Array): PngChunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data: Uint8Array<ArrayBuffer>[] = [];
  let palette: Uint8Array = new Uint8Array(0);
  for (let at = 8; ; ) {
    if (at + 12 > bytes.length) throw badImage("is a PNG that is cut short");
    const length = view.getUint32(at);
    const type = ascii(bytes, at + 4, 4);
    if (at + 12 + length > bytes.length) throw badImage("is a PNG that is cut short");
    const body = bytes.slice(at + 8, at + 8 + length);
    const critical = type === "IHDR" || type === "PLTE" || type === "IDAT";
    if (critical && crc32(bytes, at + 4, at + 8 + length) !== view.getUint32(at + 8 + length)) {
      throw badImage(`is a damaged PNG (checksum of ${type})`);
    }
    if (type === "PLTE") palette = body;
    else if (type === "IDAT") data.push(body);
    else if (type === "IEND") break;
    at += 12 + length;
  }
  const depth = view.getUint8(24);
  const colorType = view.getUint8(25);
  if (!depthsOf[colorType]?.includes(depth) || view.getUint8(28) > 1) {
    throw badImage(`is a PNG of an unknown kind (colour type ${colorType}, ${depth} bits)`);
  }
  if (colorType === 3 && palette.length < 3) throw badImage("is a palette PNG without a palette");
  if (data.length === 0) throw badImage("is a PNG without picture data");
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    depth,
    colorType,
    interlaced: view.getUint8(28) === 1,
    palette,
    data,
  };
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array, from: number, to: number): number {
  let c = 0xffffffff;
  for (let i = from; i < to; i++) c = crcTable[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** Undoes the row filters in place; each row is its filter byte and then `rowBytes` bytes. `step` = bytes a pixel, at least 1. */
function unfilter(raw: Uint8Array, start: number, rows: number, rowBytes: number, step: number): void {
  const none = new Uint8Array(rowBytes);
  let above: Uint8Array = none;
  for (let row = 0; row < rows; row++) {
    const at = start + row * (1 + rowBytes);
    const line = raw.subarray(at + 1, at + 1 + rowBytes);
    const filter = raw[at]!;
    if (filter === 1) {
      for (let i = step; i < rowBytes; i++) line[i]! += line[i - step]!;
    } else if (filter === 2) {
      for (let i = 0; i < rowBytes; i++) line[i]! += above[i]!;
    } else if (filter === 3) {
      for (let i = 0; i < rowBytes; i++) line[i]! += ((i < step ? 0 : line[i - step]!) + above[i]!) >> 1;
    } else if (filter === 4) {
      for (let i = 0; i < Math.min(step, rowBytes); i++) line[i]! += above[i]!;
      for (let i = step; i < rowBytes; i++) line[i]! += paeth(line[i - step]!, above[i]!, above[i - step]!);
    } else if (filter !== 0) {
      throw badImage(`is a damaged PNG (row filter ${filter})`);
    }
    above = line;
  }
}

function paeth(left: number, up: number, upLeft: number): number {
  const p = left + up - upLeft;
  const byLeft = Math.abs(p - left);
  const byUp = Math.abs(p - up);
  const byUpLeft = Math.abs(p - upLeft);
  if (byLeft <= byUp && byLeft <= byUpLeft) return left;
  return byUp <= byUpLeft ? up : upLeft;
}

/** One unfiltered row of samples to the R, G and B of pixels that stand `stride` bytes apart. */
function writeRow(
  png: PngChunks,
  line: Uint8Array,
  columns: number,
  rgb: Uint8Array,
  to: number,
  stride: number,
): void {
  const { depth, colorType, palette } = png;
  const sampleBytes = depth === 16 ? 2 : 1;
  const pixelBytes = channelsOf[colorType]! * sampleBytes;
  const mask = (1 << depth) - 1;
  for (let x = 0; x < columns; x++, to += stride) {
    if (colorType === 2 || colorType === 6) {
      const from = x * pixelBytes;
      rgb[to] = line[from]!;
      rgb[to + 1] = line[from + sampleBytes]!;
      rgb[to + 2] = line[from + 2 * sampleBytes]!;
      continue;
    }
    let value: number;
    if (colorType === 4) value = line[x * pixelBytes]!;
    else if (depth === 16) value = Math.min(255, line[x * 2]! * 256 + line[x * 2 + 1]!);
    else if (depth === 8) value = line[x]!;
    else value = (line[(x * depth) >> 3]! >> (8 - depth - ((x * depth) & 7))) & mask;
    if (colorType === 3) {
      // Beyond the end of its palette Pillow sees black.
      rgb[to] = palette[value * 3] ?? 0;
      rgb[to + 1] = palette[value * 3 + 1] ?? 0;
      rgb[to + 2] = palette[value * 3 + 2] ?? 0;
    } else {
      const grey = depth < 8 ? (value * 255) / mask : value;
      rgb[to] = grey;
      rgb[to + 1] = grey;
      rgb[to + 2] = grey;
    }
  }
}
