/** One row of the user's data -> one trainable example: pictures cropped, text tokenised, answers marked. */

import { isRowFault, TabTuneError } from "../errors.ts";
import { concatPixels, type Example } from "./example.ts";
import { type ImageSpec, type PreparedImage, prepareImage } from "./pictures/prepare-image.ts";
import type { ImageRef, Row } from "./rows/row.ts";
import type { ChatTemplate } from "./text/chat-template.ts";
import { tokenizeChat } from "./text/labels.ts";
import type { TextTokenizer } from "./text/tokenizer.ts";

export interface PrepareSpec {
  tokenizer: TextTokenizer;
  template: ChatTemplate;
  image: ImageSpec;
}

/**
 * Prepares one row; rows without pictures are allowed.
 * @throws TabTuneError "bad-image", "image-too-large", "bad-row", naming the row's source and the picture; "unsupported-model"
 *   when no picture can be prepared for this checkpoint
 */
export async function prepareExample(row: Row, spec: PrepareSpec): Promise<Example> {
  const prepared: PreparedImage[] = [];
  for (const image of row.images) {
    const place = `${row.source}, picture ${image.path}`;
    prepared.push(await atPlace(place, async () => prepareImage(await readPicture(image), spec.image)));
  }
  const slots = prepared.map((image) => image.tokens);
  const { inputIds, kinds } = await atPlace(row.source, async () => tokenizeChat(row.messages, spec, slots));

  const images = prepared.map(({ height, width, tiles, tokens }) => ({ height, width, tiles, tokens }));
  return { row: row.index, inputIds, kinds, images, pixels: concatPixels(prepared) };
}

async function readPicture(image: ImageRef): Promise<Uint8Array> {
  try {
    return await image.bytes();
  } catch (cause) {
    if (cause instanceof TabTuneError) throw cause;
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new TabTuneError("bad-image", `The file cannot be read (${words}).`, "Check that it is still there.", "", {
      cause,
    });
  }
}

/** Runs `work`; a fault of the row it throws is thrown on with the place in front. */
async function atPlace<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isRowFault(cause)) throw cause;
    throw new TabTuneError(cause.code, `${place}: ${cause.message}`, cause.remedy, cause.safe, { cause });
  }
}
