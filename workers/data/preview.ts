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

type Showing = Pick<PictureFormat, "firstTile" | "resized" | "grid">;

/** At a side, of a picture at free size, which may have thousands of pixels. */
const LARGEST = 384;
/** Beside a picture that is no square. */
const MARGIN = 127;

/** Pixels of the first tile, or of the first picture whose tiles lie row by row. */
interface Seen {
  width: number;
  height: number;
  /** Where a pixel's red is. */
  at(x: number, y: number): number;
}

function seenOf({ images, pixels }: Pick<Example, "images" | "pixels">, pictures?: Showing): Seen | undefined {
  const tiles = tilesOf({ images });
  const side = tiles > 0 ? Math.sqrt(pixels.length / tiles / 3) : 0;
  if (side === 0) return undefined;
  const { rows, columns } = pictures?.grid?.(images[0]!) ?? { rows: 1, columns: 1 };
  return {
    width: columns * side,
    height: rows * side,
    at: (x, y) => {
      const tile = Math.floor(y / side) * columns + Math.floor(x / side);
      return 3 * ((tile * side + (y % side)) * side + (x % side));
    },
  };
}

/** Which part of its picture a square shows, with `margin` at each side of the picture, in its pixels; undefined where a row has several. */
function shownOf(
  { images }: Pick<Example, "images">,
  pictures: Showing,
  seen: Seen,
  margin: Margin,
): Shown | undefined {
  const [image, second] = images;
  if (!image || second) return undefined;
  const { width, height } = image;
  const [across, down] = [margin.x / seen.width, margin.y / seen.height];
  return {
    part: pictures.firstTile?.(image) ?? [0 - across, 0 - down, 1 + across, 1 + down],
    size: { width, height },
    ...(pictures.resized ? { resized: pictures.resized({ width, height }) } : {}),
  };
}

interface Margin {
  x: number;
  y: number;
}

/**
 * The first tile of an example, or the whole first picture where its tiles see each other, with a margin that makes it a square: in its own
 * pixels, or in `most` at a side, each then the mean of those that it covers. `pictures` undefined: nobody knows how the example was
 * prepared, so it is the first tile, and of which part of which picture is not said.
 */
export function thumbnailOf(
  example: Pick<Example, "images" | "pixels">,
  pictures: Showing | undefined,
  most = pictures?.grid ? LARGEST : Number.POSITIVE_INFINITY,
): RowThumbnail | null {
  const seen = seenOf(example, pictures);
  if (!seen) return null;
  const side = Math.max(seen.width, seen.height);
  const margin = { x: (side - seen.width) / 2, y: (side - seen.height) / 2 };
  const size = Math.min(side, most);
  const rgba = new Uint8ClampedArray(size * size * 4).fill(255);
  /** Pixels of the picture that the n-th of the square covers. */
  const covered = (n: number, beside: number, length: number): { from: number; to: number } => {
    const edge = (k: number): number => Math.min(length, Math.max(0, Math.floor((k * side) / size - beside)));
    return { from: edge(n), to: edge(n + 1) };
  };
  const across = Array.from({ length: size }, (_, x) => covered(x, margin.x, seen.width));
  for (let y = 0; y < size; y++) {
    const lines = covered(y, margin.y, seen.height);
    for (const [x, columns] of across.entries()) {
      const count = (lines.to - lines.from) * (columns.to - columns.from);
      const sums = [0, 0, 0];
      for (let v = lines.from; v < lines.to; v++)
        for (let u = columns.from; u < columns.to; u++) {
          const at = seen.at(u, v);
          for (let channel = 0; channel < 3; channel++) sums[channel]! += example.pixels[at + channel]!;
        }
      const mean = sums.map((sum) => (count > 0 ? sum / count : MARGIN));
      rgba.set(mean, (y * size + x) * 4);
    }
  }
  const shown = pictures && shownOf(example, pictures, seen, margin);
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
