/** From one image token a picture to one image slot a feature vector, as LLaVA's processors expand `<image>`. */
import { TabTuneError } from "../../errors.ts";

/**
 * How often each token is repeated: the picture's slot count for an image token, 1 for any other.
 * @param ids [T]
 * @param slots slots of each picture, in order
 * @throws TabTuneError "bad-row" when there are not as many image tokens as pictures
 */
export function imageRepeats(ids: Int32Array, imageTokenId: number, slots: readonly number[]): Int32Array {
  const found = ids.reduce((count, id) => count + (id === imageTokenId ? 1 : 0), 0);
  if (found !== slots.length) {
    throw new TabTuneError(
      "bad-row",
      `The text has ${found} image ${found === 1 ? "token" : "tokens"} for ${slots.length} ${slots.length === 1 ? "picture" : "pictures"}.`,
      "Mark the place of each picture once, and write no “<image>” elsewhere.",
    );
  }
  let picture = 0;
  return ids.map((id) => (id === imageTokenId ? slots[picture++]! : 1));
}

/** [T] values, each repeated as told -> [sum of repeats]. */
export function repeatEach<T extends Int32Array | Uint8Array>(values: T, repeats: Int32Array): T {
  const length = repeats.reduce((sum, count) => sum + count, 0);
  const out = new (values.constructor as new (length: number) => T)(length);
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    out.fill(values[i]!, at, at + repeats[i]!);
    at += repeats[i]!;
  }
  return out;
}

/**
 * Ids of a prompt with every image token repeated once per slot.
 * @throws TabTuneError "bad-row" when there are not as many image tokens as pictures
 */
export function expandImageTokens(ids: Int32Array, imageTokenId: number, slots: readonly number[]): Int32Array {
  return repeatEach(ids, imageRepeats(ids, imageTokenId, slots));
}
