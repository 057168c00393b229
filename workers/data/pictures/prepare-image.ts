/** Encoded picture -> cropped 8-bit pixels and the number of image slots that it takes in the text. */
import { free } from "../../storage/free.ts";
import { decodeImage } from "./decode.ts";
import type { PictureFormat, PreparedImage } from "./format.ts";

/**
 * Decodes, turns upright, and cuts as the family does; `several`: not the only picture of its row.
 * @throws TabTuneError "bad-image", "image-too-large"
 */
export async function prepareImage(
  bytes: Uint8Array,
  format: PictureFormat,
  several?: boolean,
): Promise<PreparedImage> {
  const image = await decodeImage(bytes);
  const prepared = format.prepare(image, several);
  if (prepared.pixels.buffer !== image.rgbx.buffer) free(image.rgbx.buffer);
  return prepared;
}
