/** Prepared rows as people read them: tokens with what is trained on, and the first picture as the model sees it. */
import type { Shown } from "./boxes/placed.ts";
import { type Example, tilesOf } from "./example.ts";
import type { PictureFormat } from "./pictures/format.ts";
import type { TextTokenizer } from "./text/tokenizer.ts";

export interface PreviewToken {
  text: string;
  /** 0 never a target, 1 prompt text, 2 answer (TokenKind). Runs of image slots are one entry with text "<image>" and `repeat`. */
  kind: 0 | 1 | 2;
  repeat: number;
}

export interface PreviewRow {
  index: number;
  source: string;
  tokens: PreviewToken[];
  length: number;
  answerTokens: number;
  /** First picture, cropped as the model sees it. */
  picture: RowThumbnail | null;
}

/** [size, size] RGBA. */
export interface RowThumbnail {
  size: number;
  rgba: Uint8ClampedArray;
  /** Of which picture it is a part; absent where the row has several: a box of an answer may be of any of them. */
  shown?: Shown;
}

/** Consecutive tokens of one kind as one run of text; pieces of one character do not decode alone. */
function tokensOf(example: Example, tokenizer: TextTokenizer): PreviewToken[] {
  const out: PreviewToken[] = [];
  let t = 0;
  while (t < example.inputIds.length) {
    const kind = example.kinds[t] as 0 | 1 | 2;
    const image = example.inputIds[t] === tokenizer.imageTokenId;
    let end = t + 1;
    const same = (u: number): boolean =>
      example.kinds[u] === kind && (example.inputIds[u] === tokenizer.imageTokenId) === image;
    while (end < example.inputIds.length && same(end)) end += 1;
    const ids = example.inputIds.subarray(t, end);
    // SentencePiece drops the space in front of a first piece: decoded behind a dummy, it stays.
    const text = image ? "<image>" : tokenizer.decode(ids, { skipSpecialTokens: false });
    const space = !image && t > 0 && tokenizer.decode([example.inputIds[t - 1]!, ...ids], { skipSpecialTokens: false });
    const lead = typeof space === "string" && space.endsWith(` ${text}`) ? " " : "";
    out.push({ text: `${lead}${text}`, kind, repeat: image ? end - t : 1 });
    t = end;
  }
  return out;
}

type Showing = Pick<PictureFormat, "firstTile" | "resized">;

/** What the first tile of an example shows; undefined where it has several pictures. */
export function shownOf({ images }: Pick<Example, "images">, { firstTile, resized }: Showing): Shown | undefined {
  const [image, second] = images;
  if (!image || second) return undefined;
  const { width, height } = image;
  return {
    part: firstTile?.(image) ?? [0, 0, 1, 1],
    size: { width, height },
    ...(resized ? { resized: resized({ width, height }) } : {}),
  };
}

/** The first tile of an example, in its own pixels, or in `most` at a side: each then the mean of those that it covers. */
export function thumbnailOf(
  example: Pick<Example, "images" | "pixels">,
  pictures: Showing,
  most?: number,
): RowThumbnail | null {
  const tiles = tilesOf(example);
  const own = tiles > 0 ? Math.sqrt(example.pixels.length / tiles / 3) : 0;
  if (own === 0) return null;
  const size = Math.min(own, most ?? own);
  const rgba = new Uint8ClampedArray(size * size * 4).fill(255);
  const edge = (n: number): number => Math.floor((n * own) / size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let v = edge(y); v < edge(y + 1); v++)
          for (let u = edge(x); u < edge(x + 1); u++) sum += example.pixels[(v * own + u) * 3 + channel]!;
        const covered = (edge(y + 1) - edge(y)) * (edge(x + 1) - edge(x));
        rgba[(y * size + x) * 4 + channel] = sum / covered;
      }
    }
  }
  const shown = shownOf(example, pictures);
  return { size, rgba, ...(shown ? { shown } : {}) };
}

/** A prepared row as people read it. */
export function previewOf(
  example: Example,
  source: string,
  { tokenizer, pictures }: { tokenizer: TextTokenizer; pictures: Showing },
): PreviewRow {
  return {
    index: example.row,
    source,
    tokens: tokensOf(example, tokenizer),
    length: example.inputIds.length,
    answerTokens: example.kinds.reduce((sum, kind) => sum + (kind === 2 ? 1 : 0), 0),
    picture: thumbnailOf(example, pictures),
  };
}
