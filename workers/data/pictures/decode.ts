/**
 * Encoded picture to upright RGB, as `datasets` and CLIPImageProcessor see it: Pillow decode, exif_transpose, convert("RGB").
 * PNG, JPEG and still WebP go through decoders that give the same pixels in a browser and in Node. The rest (GIF, BMP, animated
 * WebP) goes to the browser's decoder where there is one.
 */
import { applyOrientation } from "./orientation.ts";
import { type DecodedImage, withoutAlpha } from "./pixels.ts";
import { decodePng } from "./png.ts";
import { badImage, type ImageHeader, probeImage } from "./probe.ts";
import { decodeJpeg, decodeWebp } from "./wasm-codecs.ts";

/**
 * Decodes one picture, EXIF orientation applied, alpha dropped.
 * @throws TabTuneError "bad-image", "image-too-large"
 */
export async function decodeImage(bytes: Uint8Array): Promise<DecodedImage> {
  const header = probeImage(bytes);
  const stored = await decodeStored(bytes, header);
  if (stored.width !== header.width || stored.height !== header.height) {
    throw badImage(`says it is ${header.width} x ${header.height} pixels but holds ${stored.width} x ${stored.height}`);
  }
  return applyOrientation(stored, header.orientation);
}

async function decodeStored(bytes: Uint8Array, { format, jpegFrame }: ImageHeader): Promise<DecodedImage> {
  if (format === "png") return decodePng(bytes);
  if (jpegFrame) {
    // libjpeg would fill what is missing with grey and say nothing; Pillow refuses.
    if (!hasEnd(bytes, jpegFrame.at)) throw badImage("is a JPEG that is cut short");
    if (jpegFrame.components === 4) return decodeCmykJpeg(bytes);
    return withoutAlpha(await decodeJpeg(bytes));
  }
  if (format === "webp") {
    if (isAnimatedWebp(bytes)) return decodeByBrowser(bytes, "an animated WebP");
    return withoutAlpha(await decodeWebp(bytes));
  }
  return decodeByBrowser(bytes, `a ${format.toUpperCase()}`);
}

/**
 * A print picture, CMYK or YCCK as Adobe writes them. libjpeg leaves the way to RGB to its caller, and browsers take the inks' colour
 * profile into account; Pillow does not, and neither does this. Within two levels of Pillow: another inverse DCT.
 */
async function decodeCmykJpeg(bytes: Uint8Array): Promise<DecodedImage> {
  const { decode } = await import("jpeg-js");
  try {
    return withoutAlpha(decode(bytes, { useTArray: true, tolerantDecoding: false }));
  } catch (error) {
    throw badImage("is a CMYK JPEG that cannot be decoded", error);
  }
}

/**
 * The platform's decoder, as stored (no rotation, no colour management). Its pixels come back through a 2D canvas, so that a
 * fully transparent pixel reads as black.
 */
async function decodeByBrowser(bytes: Uint8Array, kind: string): Promise<DecodedImage> {
  if (typeof createImageBitmap === "undefined" || typeof OffscreenCanvas === "undefined") {
    throw badImage(`is ${kind}, which only a browser can decode`);
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]), {
      imageOrientation: "none",
      premultiplyAlpha: "none",
      colorSpaceConversion: "none",
    });
  } catch (error) {
    throw badImage(`is ${kind} that the browser cannot decode`, error);
  }
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw badImage(`is ${kind}, and this browser gave no canvas to read it back`);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return withoutAlpha(context.getImageData(0, 0, width, height));
}

/**
 * Whether an end marker follows the frame header (before it, an EXIF thumbnail has one of its own). In scan data 0xFF is always
 * followed by 0 or a restart marker, so FF D9 is the end and nothing else.
 */
function hasEnd(bytes: Uint8Array, frameAt: number): boolean {
  for (let at = bytes.length - 2; at > frameAt; at--) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  }
  return false;
}

function isAnimatedWebp(bytes: Uint8Array): boolean {
  const extended = bytes[12] === 0x56 && bytes[13] === 0x50 && bytes[14] === 0x38 && bytes[15] === 0x58;
  return extended && (bytes[20]! & 0x02) !== 0;
}
