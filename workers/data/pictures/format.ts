/**
 * How a family shows a picture to its model. The one object that the data worker, training, chat and the plan ask; a family makes it
 * of its files (models/family.ts). Pure but for the pixels that it is given.
 */
import type { ExampleImage } from "../example.ts";
import type { DecodedImage, Size } from "./pixels.ts";

export interface PreparedImage extends ExampleImage {
  /** [tiles, S, S, 3] u8 RGB, before rescale and normalisation. */
  pixels: Uint8Array;
}

/** Sums of feature rows; see `PictureFormat.blend`. */
export interface FeatureSums {
  rows: Int32Array;
  weights: Float32Array;
}

/** How the tiles of a picture lie that see each other: row by row. */
export interface Grid {
  rows: number;
  columns: number;
}

/** A part of a picture: left, top, right, bottom as shares of its width and height. */
export type Part = [left: number, top: number, right: number, bottom: number];

export interface PictureFormat {
  /** S, the side of a tile in pixels. */
  tileSize: number;
  /** Tiles that one picture takes at most. */
  mostTiles: number;
  /** Tokens that stand for one picture in the text at most: its image slots, and the marks between them. */
  mostSlots: number;
  /**
   * An upright picture, cropped or cut into tiles, and the image slots that it takes in the text. `several`: it is not the only
   * picture of its row, or of its conversation.
   */
  prepare(image: DecodedImage, several?: boolean): PreparedImage;
  /** The size that a picture is resized to as a whole, of its upright one; absent where pictures are cropped, or stretched to tiles of one size. */
  resized?(size: Size): Size;
  /** What of a picture its first tile shows, by the picture's upright size; absent where that is all of it. */
  firstTile?(image: ExampleImage): Part;
  /** Pixels of `tiles` tiles -> f32 [tiles, 3, S, S], as the tower takes them. */
  normalise(pixels: Uint8Array, tiles: number): Float32Array<ArrayBuffer>;
  /** What stands for the picture in the text: words of the vocabulary (special tokens), and runs of image slots. */
  placeholder(image: ExampleImage): readonly (string | { slots: number })[];
  /**
   * [image.tokens]: the feature row of each slot of a picture whose first tile is tile `firstTile`; `extraRow` is the row behind
   * those of all tiles. -1 for a slot that takes a sum.
   */
  featureRows(image: ExampleImage, firstTile: number, extraRow: number): Int32Array;
  /**
   * Where slots take weighted sums of four features: [image.tokens, 4] feature rows, those that count first and -1 behind them, and
   * their weights. undefined for a picture whose slots all take one.
   */
  blend?(image: ExampleImage, firstTile: number): FeatureSums | undefined;
  /** Of pictures at free size, whose tiles see each other and know their places. Absent where each tile is seen by itself. */
  grid?(image: Pick<ExampleImage, "height" | "width">): Grid;
}
