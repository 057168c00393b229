/** Pictures whose headers lie: sizes, lengths and kinds of their pieces, with checksums that agree. */
import { crc32 } from "node:zlib";
import { pick, type Random } from "../mutate.ts";

const SIZES = [0, 1, 2, 255, 256, 4096, 32_768, 32_769, 65_535, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

interface Piece {
  at: number;
  /** Where its content begins and ends. */
  start: number;
  end: number;
  /** Its length field: where, how wide, and whether the high byte comes first. */
  length: { at: number; bytes: 2 | 4; little: boolean };
}

function pngPieces(view: DataView): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 8; at + 12 <= view.byteLength; ) {
    const length = view.getUint32(at);
    pieces.push({ at, start: at + 8, end: at + 8 + length, length: { at, bytes: 4, little: false } });
    at += 12 + length;
  }
  return pieces;
}

function jpegPieces(view: DataView): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 2; at + 4 <= view.byteLength && view.getUint8(at) === 0xff; ) {
    const length = view.getUint16(at + 2);
    pieces.push({ at, start: at + 4, end: at + 2 + length, length: { at: at + 2, bytes: 2, little: false } });
    if (view.getUint8(at + 1) === 0xda) break;
    at += 2 + length;
  }
  return pieces;
}

function riffPieces(view: DataView): Piece[] {
  const pieces: Piece[] = [{ at: 0, start: 12, end: view.byteLength, length: { at: 4, bytes: 4, little: true } }];
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const length = view.getUint32(at + 4, true);
    pieces.push({ at, start: at + 8, end: at + 8 + length, length: { at: at + 4, bytes: 4, little: true } });
    at += 8 + length + (length % 2);
  }
  return pieces;
}

export function mutatePicture(bytes: Uint8Array, random: Random): { bytes: Uint8Array; how: string } {
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  const [first] = out;
  const pieces =
    first === 0x89 ? pngPieces(view) : first === 0xff ? jpegPieces(view) : first === 0x52 ? riffPieces(view) : [];
  const whole: Piece = { at: 0, start: 0, end: 64, length: { at: 0, bytes: 4, little: true } };
  const piece = pieces[random(pieces.length)] ?? whole;
  const end = Math.min(piece.end, out.length);
  const size = SIZES[random(SIZES.length)]!;
  const inside = (width: number): number =>
    Math.max(0, Math.min(out.length - width, piece.start + random(Math.max(1, Math.min(24, end - piece.start)))));
  const moves: Record<string, () => Uint8Array | undefined> = {
    length() {
      const { at, bytes: width, little } = piece.length;
      if (width === 2) view.setUint16(at, size & 0xffff, little);
      else view.setUint32(at, size, little);
      return undefined;
    },
    "wide number": () => void view.setUint32(inside(4), size, random(2) === 0),
    "short number": () => void view.setUint16(inside(2), size & 0xffff, random(2) === 0),
    byte: () => void view.setUint8(inside(1), random(256)),
    "piece twice": () => new Uint8Array(Buffer.concat([out.subarray(0, end), out.subarray(piece.at)])),
    "piece missing": () => new Uint8Array(Buffer.concat([out.subarray(0, piece.at), out.subarray(end)])),
    "piece cut": () => out.slice(0, Math.max(1, piece.at + random(Math.max(1, end - piece.at)))),
  };
  const how = pick(random, Object.keys(moves));
  const made = moves[how]!() ?? out;
  if (first === 0x89 && random(4) > 0) correctChecksums(made);
  return { bytes: made, how: `picture: ${how}` };
}

function correctChecksums(png: Uint8Array): void {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = 8; at + 12 <= png.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > png.length) return;
    view.setUint32(end, crc32(png.subarray(at + 4, end)));
    at = end + 4;
  }
}
