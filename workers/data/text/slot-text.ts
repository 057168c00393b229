/** From one image token a picture to what stands for it: image slots, and in some families special tokens between them. */
import { TabTuneError } from "../../errors.ts";
import type { TextTokenizer } from "./tokenizer.ts";

/** Ids of a picture's placeholder (`PictureFormat.placeholder`): special tokens as the tokenizer has them, and the image token a slot. */
export function placeholderIds(
  parts: readonly (string | { slots: number })[],
  { encodeSpecial, imageTokenId }: Pick<TextTokenizer, "encodeSpecial" | "imageTokenId">,
): Int32Array {
  return Int32Array.from(
    parts.flatMap((part) =>
      typeof part === "string" ? encodeSpecial(part) : new Array<number>(part.slots).fill(imageTokenId),
    ),
  );
}

/** Where the image tokens stand. */
export const imagePlaces = (ids: Int32Array, imageTokenId: number): number[] =>
  [...ids].flatMap((id, t) => (id === imageTokenId ? [t] : []));

/** [T] values, of which those at `places` give way to the `instead`s, in order. */
export function expandPlaces<T extends Int32Array | Uint8Array>(
  values: T,
  places: readonly number[],
  instead: readonly T[],
): T {
  const length = values.length + instead.reduce((sum, { length: l }) => sum + l - 1, 0);
  const out = new (values.constructor as new (length: number) => T)(length);
  let from = 0;
  let at = 0;
  const take = (part: T): void => {
    out.set(part, at);
    at += part.length;
  };
  places.forEach((place, n) => {
    take(values.subarray(from, place) as T);
    take(instead[n]!);
    from = place + 1;
  });
  take(values.subarray(from) as T);
  return out;
}

/**
 * Ids in which each image token has given way to its picture's placeholder.
 * @throws TabTuneError "bad-row" when there are not as many image tokens as pictures
 */
export function expandImageTokens(
  ids: Int32Array,
  imageTokenId: number,
  placeholders: readonly Int32Array[],
): Int32Array {
  const places = imagePlaces(ids, imageTokenId);
  if (places.length !== placeholders.length) {
    const [found, pictures] = [places.length, placeholders.length];
    throw new TabTuneError(
      "bad-row",
      `The text has ${found} image ${found === 1 ? "token" : "tokens"} for ${pictures} ${pictures === 1 ? "picture" : "pictures"}.`,
      "Mark the place of each picture once, and write no “<image>” elsewhere.",
    );
  }
  return expandPlaces(ids, places, placeholders);
}
