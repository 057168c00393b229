import { describe, expect, test } from "vitest";
import {
  goldenBytes,
  goldenCases,
  goldenExpected,
  goldenFolder,
  goldenPictures,
  goldenTensors,
  goldenText,
} from "../../testing/oracle-folder.ts";
import { fromBase64, imageOf, maxDifference, sha256 } from "../../testing/pictures.ts";
import { croppedPart, normalise, parsePreprocessor, resizeAndCrop, shortestEdgeSize } from "./crop.ts";
import { decodeImage } from "./decode.ts";
import golden from "./fixtures/processors.json" with { type: "json" };
import { prepareImage } from "./prepare-image.ts";
import { resizeBicubic } from "./resize.ts";

const everyNth = (values: Float32Array, n: number) => values.filter((_, i) => i % n === 0);

describe.each(golden.units)("$name", (unit) => {
  const config = parsePreprocessor({ size: { shortest_edge: unit.size }, crop_size: unit.size });

  test("resize, crop, stretch and normalise as Python", async () => {
    const image = await decodeImage(fromBase64(unit.file));
    const { width, height } = image;
    const to = shortestEdgeSize(height, width, unit.size);
    expect([to.width, to.height]).toEqual(unit.resized_wh);
    expect(await sha256(resizeBicubic(image, to))).toBe(unit.resized);
    expect(await sha256(resizeBicubic(image, { width: unit.size, height: unit.size }))).toBe(unit.stretched);
    const cropped = resizeAndCrop(image, config);
    expect(await sha256(cropped)).toBe(unit.cropped);
    const values = everyNth(normalise(cropped, config), 97);
    expect(maxDifference(values, unit.pixel_values_every_97th)).toBeLessThan(2e-6);
  });
});

describe("configurations", () => {
  test("older files write plain numbers, and what is missing takes CLIP's values", () => {
    expect(parsePreprocessor({ size: 336, crop_size: 336 })).toMatchObject({
      shortestEdge: 336,
      cropSize: { height: 336, width: 336 },
      doResize: true,
      doCenterCrop: true,
      mean: [0.48145466, 0.4578275, 0.40821073],
    });
  });

  test.each([
    ["resample", { resample: 2 }, "resample is 2"],
    ["padding to a square", { image_processor_type: "LlavaImageProcessor", do_pad: true }, "do_pad"],
    ["a mean of two", { image_mean: [0, 0] }, "image_mean"],
    ["a size of nothing", { size: {} }, "size"],
    ["no object", "text", "the file"],
  ])("%s is refused", (_, json, words) => {
    expect(() => parsePreprocessor(json)).toThrow(
      expect.objectContaining({ code: "unsupported-model", message: expect.stringContaining(words) }),
    );
  });

  test("a side ratio that would need a picture of gigabytes only costs its crop", () => {
    const image = imageOf(new Uint8Array(30_000 * 2 * 3).fill(77), 30_000, 2);
    const rgb = resizeAndCrop(image, parsePreprocessor({ size: 336, crop_size: 336 }));
    expect(rgb.length).toBe(336 * 336 * 3);
    expect(rgb.every((value) => value === 77)).toBe(true);
  });

  test("a picture smaller than the crop stands in black, the odd pixel before it", () => {
    const config = { ...parsePreprocessor({ crop_size: 4 }), doResize: false };
    const rgb = Uint8Array.from({ length: 18 }, (_, i) => 10 + Math.floor(i / 3));
    const reds = resizeAndCrop(imageOf(rgb, 1, 6), config).filter((_, i) => i % 3 === 0);
    expect(Array.from(reds)).toEqual([0, 0, 11, 0, 0, 0, 12, 0, 0, 0, 13, 0, 0, 0, 14, 0]);
  });

  test("without rescaling and normalising the values stay", () => {
    const config = { ...parsePreprocessor({}), doRescale: false, doNormalize: false };
    expect(Array.from(normalise(Uint8Array.of(1, 2, 3, 4, 5, 6), config))).toEqual([1, 4, 2, 5, 3, 6]);
  });
});

describe.skipIf(!goldenFolder)("golden cases", () => {
  test.each(goldenCases)("%s pixel_values and image tokens", async (name) => {
    const format = goldenPictures(name);
    const tensor = goldenTensors(`${name}/tensors.safetensors`);
    let worst = 0;
    for (const row of goldenExpected(name).rows) {
      const bytes = goldenBytes(`${name}/data/${row.file}`);
      const image = await prepareImage(bytes, format);
      expect(image).toMatchObject({ tiles: row.n_tiles, tokens: row.n_image_tokens });
      const { data } = tensor(`rows/${row.index}/pixel_values`);
      expect(data.length).toBe(image.pixels.length);
      worst = Math.max(worst, maxDifference(format.normalise(image.pixels, image.tiles), data));
    }
    expect(worst).toBeLessThan(2e-6);
  });

  test("units/images: every size, exactly", async () => {
    const { cases } = JSON.parse(goldenText("units/images.json"));
    const tensor = goldenTensors("units/images.safetensors");
    for (const { name, size } of cases) {
      const image = await decodeImage(goldenBytes(`units/images/${name}.png`));
      const rgb = resizeAndCrop(image, parsePreprocessor({ size, crop_size: size }));
      expect(maxDifference(rgb, tensor(`${name}/resized_cropped_u8`).data), name).toBe(0);
    }
  });
});

test("what of a picture a crop leaves, in shares of it", () => {
  const config = parsePreprocessor({ size: { shortest_edge: 100 }, crop_size: 100 });
  expect(croppedPart({ width: 800, height: 400 }, config)).toEqual([0.25, 0, 0.75, 1]);
  expect(croppedPart({ width: 50, height: 50 }, config)).toEqual([0, 0, 1, 1]);
  // A crop that is larger than the picture shows black around it.
  const wide = parsePreprocessor({ size: { shortest_edge: 100 }, crop_size: 200 });
  expect(croppedPart({ width: 50, height: 50 }, wide)).toEqual([-0.5, -0.5, 1.5, 1.5]);
  const stretched = parsePreprocessor({
    image_processor_type: "SiglipImageProcessor",
    size: { height: 64, width: 64 },
  });
  expect(croppedPart({ width: 800, height: 400 }, stretched)).toEqual([0, 0, 1, 1]);
});
