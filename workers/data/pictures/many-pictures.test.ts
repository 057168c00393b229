/** 200 pictures, ordinary and odd, pixels by Pillow (reference/goldens/pictures.py): not one byte may differ. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { fromBase64, rgbOf, sha256 } from "../../testing/pictures.ts";
import { parsePreprocessor, resizeAndCrop } from "./crop.ts";
import { decodeImage } from "./decode.ts";
import { resizeBicubic } from "./resize.ts";

interface Picture {
  name: string;
  file: string;
  width: number;
  height: number;
  /** SHA-256 of the upright pixels, and of two ways to make them small. */
  rgb: string;
  cropped: string;
  stretched: string;
}

const file = readFileSync(new URL("./fixtures/many-pictures.json.gz", import.meta.url));
const { edge, pictures }: { edge: number; pictures: Picture[] } = JSON.parse(gunzipSync(file).toString("utf8"));
const config = parsePreprocessor({ size: { shortest_edge: edge }, crop_size: { height: edge, width: edge } });

test("there are 200", () => {
  expect(pictures).toHaveLength(200);
  expect(new Set(pictures.map(({ rgb }) => rgb)).size).toBeGreaterThan(180);
});

describe("pixels are Pillow's", () => {
  test.each(pictures)("$name", async (picture) => {
    const image = await decodeImage(fromBase64(picture.file));
    expect([image.width, image.height]).toEqual([picture.width, picture.height]);
    expect(await sha256(rgbOf(image))).toBe(picture.rgb);
    expect(await sha256(resizeAndCrop(image, config))).toBe(picture.cropped);
    const stretched = resizeBicubic(image, { width: edge, height: edge });
    expect(await sha256(stretched)).toBe(picture.stretched);
  });
});
