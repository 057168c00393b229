/** Encoded picture -> cropped 8-bit pixels and the number of image slots that it takes in the text. */
import { decodeImage } from "./decode.ts";
import type { PictureFormat, PreparedImage } from "./format.ts";

/**
 * Decodes, turns upright, and cuts as the family does; `several`: not the only picture of its row.
 * @throws TabTuneError "bad-image", "image-too-large"
 */
export const prepareImage = async (
  bytes: Uint8Array,
  format: PictureFormat,
  several?: boolean,
): Promise<PreparedImage> => format.prepare(await decodeImage(bytes), several);
