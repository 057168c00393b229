/** What a trainable row becomes: token ids with image slots expanded, a kind for each token, and cropped pixels. */

/** Why a token may be a target; the recipe's `train_on` chooses which kinds are. */
export const TokenKind = {
  /** BOS, image slots, padding: never a target. */
  none: 0,
  /** Text of the prompt: system, user turns, role markers. Target under `train_on: "all-text"`. */
  text: 1,
  /** Text of an assistant answer, `</s>` included, marker excluded. Target under both. */
  response: 2,
} as const;

export interface ExampleImage {
  /** Height and width after EXIF rotation, before resizing. */
  height: number;
  width: number;
  /** Number of S x S tiles in `pixels` (1 for LLaVA-1.5). */
  tiles: number;
  /** Image slots this picture takes in `inputIds`. */
  tokens: number;
}

export interface Example {
  /** `Row.index`. */
  row: number;
  /** [T] token ids; the image token repeated once per slot. */
  inputIds: Int32Array;
  /** [T] `TokenKind` of each token. */
  kinds: Uint8Array;
  images: ExampleImage[];
  /** [sum of tiles, S, S, 3] u8 RGB after resize and crop, before rescale and normalisation. */
  pixels: Uint8Array;
}

/** Tiles of all pictures of an example or a prompt. */
export const tilesOf = ({ images }: { images: readonly Pick<ExampleImage, "tiles">[] }): number =>
  images.reduce((sum, { tiles }) => sum + tiles, 0);

/** [sum of tiles, S, S, 3] the pixels of pictures or examples, one behind the other. */
export function concatPixels(parts: readonly Pick<Example, "pixels">[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { pixels }) => sum + pixels.length, 0));
  let at = 0;
  for (const { pixels } of parts) {
    all.set(pixels, at);
    at += pixels.length;
  }
  return all;
}

/** The pictures of an example, each with its own pixels (views of the example's). */
export function picturesOf<I extends Pick<ExampleImage, "tiles">>({
  images,
  pixels,
}: {
  images: readonly I[];
  pixels: Uint8Array;
}): (I & Pick<Example, "pixels">)[] {
  const perTile = images.length > 0 ? pixels.length / tilesOf({ images }) : 0;
  let at = 0;
  return images.map((image) => {
    const from = at;
    at += image.tiles * perTile;
    return { ...image, pixels: pixels.subarray(from, at) };
  });
}

/** [T] labels as Hugging Face writes them: the token id where it is a target, else -100. The target of position t is labels[t+1]. */
export function labelsOf(example: Example, trainOn: "responses" | "all-text"): Int32Array {
  const least = trainOn === "responses" ? TokenKind.response : TokenKind.text;
  return example.inputIds.map((id, t) => (example.kinds[t]! >= least ? id : -100));
}
