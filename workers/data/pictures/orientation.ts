/**
 * EXIF orientation: read the tag, turn the pixels. As Pillow's ImageOps.exif_transpose, which `datasets` applies to every
 * picture it decodes: the Orientation tag of IFD0 in the EXIF block, else `tiff:Orientation` of the XMP block.
 */
import type { DecodedImage } from "./pixels.ts";

const orientationTag = 0x0112;
const byteType = 1;
const shortType = 3;
const longType = 4;

/**
 * The orientation 1..8 in an EXIF block (TIFF structure, with or without the leading "Exif\0\0"); undefined when the tag is
 * absent or the block is broken (Pillow, too, ignores broken EXIF).
 */
export function exifOrientation(block: Uint8Array): number | undefined {
  const start = ascii(block, 0, 4) === "Exif" ? 6 : 0;
  if (block.length < start + 8) return undefined;
  const view = new DataView(block.buffer, block.byteOffset + start, block.length - start);
  const order = ascii(block, start, 2);
  if (order !== "II" && order !== "MM") return undefined;
  const little = order === "II";
  const ifd = view.getUint32(4, little);
  if (ifd + 2 > view.byteLength) return undefined;
  const entries = view.getUint16(ifd, little);
  for (let entry = 0; entry < entries; entry++) {
    const at = ifd + 2 + entry * 12;
    if (at + 12 > view.byteLength) return undefined;
    if (view.getUint16(at, little) !== orientationTag) continue;
    const type = view.getUint16(at + 2, little);
    if (type === shortType) return view.getUint16(at + 8, little);
    if (type === longType) return view.getUint32(at + 8, little);
    if (type === byteType) return view.getUint8(at + 8);
    return undefined;
  }
  return undefined;
}

/** The orientation digit written in an XMP packet; undefined when it has none. */
export function xmpOrientation(packet: Uint8Array): number | undefined {
  const match = /tiff:Orientation(?:="|>)([0-9])/.exec(new TextDecoder("latin1").decode(packet));
  return match ? Number(match[1]) : undefined;
}

/** Whether an orientation exchanges width and height. */
export function swapsSides(orientation: number): boolean {
  return orientation >= 5 && orientation <= 8;
}

/**
 * Turns and mirrors a picture so that it stands upright.
 * @param image as stored in the file
 * @param orientation EXIF value; anything outside 2..8 leaves the picture as it is
 * @returns H and W are exchanged for 5..8
 */
export function applyOrientation(image: DecodedImage, orientation: number): DecodedImage {
  if (!(orientation >= 2 && orientation <= 8)) return image;
  const { rgbx, width, height } = image;
  const swap = swapsSides(orientation);
  const outWidth = swap ? height : width;
  const outHeight = swap ? width : height;
  // Output pixel (y, x) comes from stored pixel (y', x'), where x' runs along x (or y when swapped), perhaps backwards.
  const backX = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
  const backY = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
  const out = new Int32Array(rgbx.length);
  let to = 0;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      const alongX = swap ? y : x;
      const alongY = swap ? x : y;
      const fromX = backX ? width - 1 - alongX : alongX;
      const fromY = backY ? height - 1 - alongY : alongY;
      out[to++] = rgbx[fromY * width + fromX]!;
    }
  }
  return { rgbx: out, width: outWidth, height: outHeight };
}

/** `length` bytes from `at` as ASCII text (shorter at the end of the data). */
export function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
