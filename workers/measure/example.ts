/** Rows of random pixels and tokens: what a pass costs does not depend on what they show. */
import { type Example, TokenKind } from "../data/example.ts";
import type { ModelCase } from "./sizes.ts";

/** A row: the start token, a picture's slots, and `text` tokens that are all targets. The same picture in every row. */
export function exampleOf({ config, picture, pictures, text }: ModelCase, row: number): Example {
  const { pixels: _, ...image } = pictures.prepare({
    ...picture,
    rgbx: new Int32Array(picture.width * picture.height),
  });
  const { tiles, tokens } = image;
  const length = tokens + text;
  const inputIds = Int32Array.from({ length }, (_, t) => {
    if (t === 0) return 1;
    return t <= tokens ? config.imageTokenId : 10 + ((37 * t + 101 * row) % 1000);
  });
  const kinds = Uint8Array.from({ length }, (_, t) => (t > tokens ? TokenKind.response : TokenKind.none));
  const pixels = Uint8Array.from({ length: tiles * pictures.tileSize ** 2 * 3 }, (_, i) => (i * 2654435761) >>> 24);
  return { row, inputIds, kinds, images: [image], pixels };
}
