/** A decoded picture in memory. */

/** In pixels. */
export interface Size {
  width: number;
  height: number;
}

export interface DecodedImage {
  width: number;
  height: number;
  /**
   * [height, width], a pixel a word: red in the lowest byte, then green and blue; the highest byte has no meaning. In memory that is
   * R, G, B, X (little end first, as all of WebAssembly), what decoders give; and one load reads a pixel.
   */
  rgbx: Int32Array;
}

/** A picture of [height, width, 3] bytes. */
export function fromRgb(rgb: Uint8Array, { width, height }: Size): DecodedImage {
  const rgbx = new Int32Array(width * height);
  for (let i = 0, at = 0; i < rgbx.length; i++, at += 3) {
    rgbx[i] = rgb[at]! | (rgb[at + 1]! << 8) | (rgb[at + 2]! << 16);
  }
  return { width, height, rgbx };
}

/**
 * [H, W, 4] bytes with their alpha forgotten: the colours under a transparent pixel stay, as with Pillow's convert("RGB").
 * The bytes are not copied, and must begin on a whole word of their buffer.
 */
export function withoutAlpha(image: {
  width: number;
  height: number;
  data: Uint8Array | Uint8ClampedArray;
}): DecodedImage {
  const { width, height, data } = image;
  return { width, height, rgbx: new Int32Array(data.buffer, data.byteOffset, width * height) };
}
