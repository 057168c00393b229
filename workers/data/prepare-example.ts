/** One row of the user's data -> one trainable example: pictures cropped, text tokenised, answers marked. */

import { isRowFault, TabTuneError, wordsOf } from "../errors.ts";
import type { BoxTarget } from "./boxes/convention.ts";
import { concatPixels, type Example } from "./example.ts";
import type { PictureFormat, PreparedImage } from "./pictures/format.ts";
import { type PicturePool, picturesHere } from "./pictures/pool.ts";
import type { ImageRef, Message, Row } from "./rows/row.ts";
import type { ChatTemplate } from "./text/chat-template.ts";
import { tokenizeChat } from "./text/labels.ts";
import { placeholderIds } from "./text/slot-text.ts";
import type { TextTokenizer } from "./text/tokenizer.ts";

/** What a model's rows are prepared with (models/preparation.ts). */
export interface RowPreparation {
  /** Rows that were prepared under another id are not this model's. */
  id: string;
  tokenizer: TextTokenizer;
  template: ChatTemplate;
  pictures: PictureFormat;
  /** How the model writes boxes. */
  boxes?: BoxTarget;
}

/**
 * Prepares one row; pictures by `prepare`, which is this thread unless a pool is given.
 * Rows without pictures are allowed.
 * @throws TabTuneError "bad-image", "image-too-large", "bad-row", naming the row's source and the picture; "unsupported-model"
 *   when no picture can be prepared for this checkpoint
 */
export async function prepareExample(
  row: Row,
  preparation: Omit<RowPreparation, "id">,
  pool: Pick<PicturePool, "prepare"> = picturesHere(preparation.pictures),
): Promise<Example> {
  const prepared = await preparePictures(row, pool);
  const images = prepared.map(({ height, width, tiles, tokens }) => ({ height, width, tiles, tokens }));
  const pictures = { row: row.index, images, pixels: concatPixels(prepared) };
  return atPlace(row.source, async () => withMessages(pictures, row.messages, preparation));
}

/** The pictures of a row, in their order. @throws TabTuneError "bad-image", "image-too-large", naming the row's source and the picture */
export async function preparePictures(
  row: Pick<Row, "source" | "images">,
  { prepare }: Pick<PicturePool, "prepare">,
): Promise<PreparedImage[]> {
  const prepared: PreparedImage[] = [];
  for (const image of row.images) {
    const place = `${row.source}, picture ${image.path}`;
    prepared.push(await atPlace(place, async () => prepare(await readPicture(image), row.images.length > 1)));
  }
  return prepared;
}

/**
 * Prepared pictures with a conversation about them: of a row whose text was corrected, those of the row as it was.
 * @throws TabTuneError "bad-row" when the conversation does not show as many pictures
 */
export function withMessages(
  { row, images, pixels }: Pick<Example, "row" | "images" | "pixels">,
  messages: readonly Message[],
  preparation: Omit<RowPreparation, "id">,
): Example {
  const slots = images.map((image) => placeholderIds(preparation.pictures.placeholder(image), preparation.tokenizer));
  const { inputIds, kinds } = tokenizeChat(messages, preparation, slots);
  return { row, inputIds, kinds, images, pixels };
}

async function readPicture(image: ImageRef): Promise<Uint8Array> {
  try {
    return await image.bytes();
  } catch (cause) {
    if (cause instanceof TabTuneError) throw cause;
    throw new TabTuneError(
      "bad-image",
      `The file cannot be read (${wordsOf(cause)}).`,
      "Check that it is still there.",
      "",
      {
        cause,
      },
    );
  }
}

/** Runs `work`; a fault of the row it throws is thrown on with the place in front. */
export async function atPlace<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isRowFault(cause)) throw cause;
    throw new TabTuneError(cause.code, `${place}: ${cause.message}`, cause.remedy, cause.safe, { cause });
  }
}
