/** Small helpers of the tests of pictures. */
import type { DecodedImage } from "../data/pictures/pixels.ts";

/** Bytes of a base64 string. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** SHA-256 in lower-case hexadecimal digits. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Largest absolute difference; Infinity when the lengths differ. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

/** [height, width, 3] of a decoded picture. */
export function rgbOf({ rgbx }: Pick<DecodedImage, "rgbx">): Uint8Array {
  const rgb = new Uint8Array(rgbx.length * 3);
  rgbx.forEach((pixel, i) => {
    rgb.set([pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255], i * 3);
  });
  return rgb;
}

/** A decoded picture of [height, width, 3]; in the bytes that mean nothing stands something else at every pixel. */
export function imageOf(rgb: Uint8Array, width: number, height: number): DecodedImage {
  const rgbx = Int32Array.from({ length: width * height }, (_, i) => {
    return rgb[i * 3]! | (rgb[i * 3 + 1]! << 8) | (rgb[i * 3 + 2]! << 16) | ((i * 97 + 200) << 24);
  });
  return { rgbx, width, height };
}
