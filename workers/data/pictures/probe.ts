/**
 * What a picture is and how large, from its header alone: nothing is decoded or allocated before the size is known to be sane.
 * Layouts: PNG (W3C), JPEG (ITU T.81), WebP (RFC 9649), GIF89a, BMP.
 */
import { TabTuneError } from "../../errors.ts";
import { kindOfFile } from "./kinds.ts";
import { ascii, exifOrientation, xmpOrientation } from "./orientation.ts";
import type { Size } from "./pixels.ts";

export type ImageFormat = "png" | "jpeg" | "webp" | "gif" | "bmp";

export interface ImageHeader {
  format: ImageFormat;
  /** As stored, before EXIF rotation. */
  width: number;
  height: number;
  /** EXIF value 1..8; 1 when the file says nothing. */
  orientation: number;
  /** JPEG only: where the frame header stands, and its number of colour components. */
  jpegFrame?: { at: number; components: number };
}

/** 64 megapixels: 192 MB of RGB, about the largest phone picture. */
export const maxPixels = 64_000_000;
export const maxSide = 32_768;

/** The refusal of a picture that is broken or of a kind we cannot read; `what` completes "The picture …". */
export function badImage(what: string, cause?: unknown): TabTuneError {
  const options = cause === undefined ? undefined : { cause };
  return new TabTuneError(
    "bad-image",
    `The picture ${what}.`,
    "Save it again as PNG, JPEG or WebP, or leave it out.",
    "",
    options,
  );
}

/**
 * Reads format, size and orientation.
 * @throws TabTuneError "bad-image" (unknown or broken), "image-too-large" (over `maxPixels` or `maxSide`)
 */
export function probeImage(bytes: Uint8Array): ImageHeader {
  const header = readHeader(bytes);
  const { width, height } = header;
  if (width < 1 || height < 1) throw badImage(`says it is ${width} x ${height} pixels`);
  if (width > maxSide || height > maxSide || width * height > maxPixels) {
    throw new TabTuneError(
      "image-too-large",
      `The picture has ${width} x ${height} pixels; at most ${maxPixels / 1e6} million pixels and ${maxSide} a side are read.`,
      "Scale it down: the model looks at a few hundred pixels a side anyway.",
    );
  }
  return header;
}

function readHeader(bytes: Uint8Array): ImageHeader {
  try {
    if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return pngHeader(bytes);
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpegHeader(bytes);
    if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 4) === "WEBP") return webpHeader(bytes);
    if (/^GIF8[79]a$/.test(ascii(bytes, 0, 6))) return gifHeader(bytes);
    if (ascii(bytes, 0, 2) === "BM") return bmpHeader(bytes);
  } catch (error) {
    // A DataView read past the end.
    if (error instanceof RangeError) throw badImage("ends inside its header", error);
    throw error;
  }
  const kind = kindOfFile(bytes);
  if (kind) throw new TabTuneError("bad-image", `The picture ${kind.what}.`, kind.remedy);
  throw badImage("is of an unknown kind (not PNG, JPEG, WebP, GIF or BMP)");
}

function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function pngHeader(bytes: Uint8Array): ImageHeader {
  const view = dataView(bytes);
  if (ascii(bytes, 12, 4) !== "IHDR") throw badImage("is a PNG without a header");
  let exif: number | undefined;
  let xmp: number | undefined;
  for (let at = 8; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = ascii(bytes, at + 4, 4);
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (type === "eXIf") exif ??= exifOrientation(data);
    else if (type === "iTXt" && ascii(data, 0, 18) === "XML:com.adobe.xmp\0") xmp ??= xmpOrientation(data);
    at += 12 + length;
  }
  return { format: "png", width: view.getUint32(16), height: view.getUint32(20), orientation: exif ?? xmp ?? 1 };
}

/** SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC), which share the range. */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function jpegHeader(bytes: Uint8Array): ImageHeader {
  const view = dataView(bytes);
  const xmpName = "http://ns.adobe.com/xap/1.0/\0";
  let exif: number | undefined;
  let xmp: number | undefined;
  let at = 2;
  for (;;) {
    if (view.getUint8(at) !== 0xff) throw badImage(`is a broken JPEG (no marker at byte ${at})`);
    const marker = view.getUint8(at + 1);
    // Fill bytes and the markers without a body.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2;
      continue;
    }
    if (marker === 0xd9 || marker === 0xda) throw badImage("is a JPEG without a frame header");
    const length = view.getUint16(at + 2);
    const data = bytes.subarray(at + 4, at + 2 + length);
    if (marker === 0xe1 && ascii(data, 0, 6) === "Exif\0\0") exif ??= exifOrientation(data);
    else if (marker === 0xe1 && ascii(data, 0, xmpName.length) === xmpName) xmp ??= xmpOrientation(data);
    else if (isStartOfFrame(marker)) {
      return {
        format: "jpeg",
        width: view.getUint16(at + 7),
        height: view.getUint16(at + 5),
        orientation: exif ?? xmp ?? 1,
        jpegFrame: { at, components: view.getUint8(at + 9) },
      };
    }
    at += 2 + length;
  }
}

function webpHeader(bytes: Uint8Array): ImageHeader {
  const view = dataView(bytes);
  let size: Size | undefined;
  let exif: number | undefined;
  let xmp: number | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const type = ascii(bytes, at, 4);
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (type === "VP8X") size ??= { width: 1 + uint24(view, body + 4), height: 1 + uint24(view, body + 7) };
    else if (type === "VP8 ") {
      size ??= { width: view.getUint16(body + 6, true) & 0x3fff, height: view.getUint16(body + 8, true) & 0x3fff };
    } else if (type === "VP8L") {
      const bits = view.getUint32(body + 1, true);
      size ??= { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    } else if (type === "EXIF") exif ??= exifOrientation(bytes.subarray(body, body + length));
    else if (type === "XMP ") xmp ??= xmpOrientation(bytes.subarray(body, body + length));
    at = body + length + (length & 1);
  }
  if (!size) throw badImage("is a WebP without picture data");
  return { format: "webp", ...size, orientation: exif ?? xmp ?? 1 };
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}

function gifHeader(bytes: Uint8Array): ImageHeader {
  const view = dataView(bytes);
  return { format: "gif", width: view.getUint16(6, true), height: view.getUint16(8, true), orientation: 1 };
}

function bmpHeader(bytes: Uint8Array): ImageHeader {
  const view = dataView(bytes);
  // The 12-byte header of OS/2 has 16-bit sizes; in the later ones a negative height means top-down rows.
  if (view.getUint32(14, true) === 12) {
    return { format: "bmp", width: view.getUint16(18, true), height: view.getUint16(20, true), orientation: 1 };
  }
  return {
    format: "bmp",
    width: view.getInt32(18, true),
    height: Math.abs(view.getInt32(22, true)),
    orientation: 1,
  };
}
