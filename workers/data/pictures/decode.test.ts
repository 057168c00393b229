import { describe, expect, test, vi } from "vitest";
import { goldenBytes, goldenCases, goldenExpected, goldenFolder, goldenTensors } from "../../testing/oracle-folder.ts";
import { fromBase64, maxDifference, rgbOf, sha256 } from "../../testing/pictures.ts";
import { decodeImage } from "./decode.ts";
import cmyk from "./fixtures/cmyk.json" with { type: "json" };
import pictures from "./fixtures/pictures.json" with { type: "json" };
import { probeImage } from "./probe.ts";

const fileOf = (name: string) => fromBase64(pictures.decoded.find((picture) => picture.name === name)!.file);

describe("every kind of picture, to the byte what Pillow gives", () => {
  test.each(pictures.decoded)("$name", async ({ file, stored, shape, sha256: expected }) => {
    const bytes = fromBase64(file);
    const header = probeImage(bytes);
    expect([header.height, header.width]).toEqual(stored);
    const image = await decodeImage(bytes);
    expect([image.height, image.width, 3]).toEqual(shape);
    expect(await sha256(rgbOf(image))).toBe(expected);
  });
});

describe("what only a browser decodes", () => {
  test.each(pictures.not_without_a_browser)("$name is measured, then refused here", async ({ file, stored }) => {
    const header = probeImage(fromBase64(file));
    expect([header.height, header.width]).toEqual(stored);
    await expect(decodeImage(fromBase64(file))).rejects.toMatchObject({ code: "bad-image" });
  });
});

describe("damaged pictures", () => {
  const truncated = ["photo-420.jpg", "photo-444-progressive.jpg", "colour2-8.png", "grey1i.png", "lossless.webp"];
  test.each(truncated)("%s cut at every eighth of its length", async (name) => {
    const bytes = fileOf(name);
    for (let eighth = 0; eighth < 8; eighth++) {
      const cut = bytes.slice(0, Math.floor((bytes.length * eighth) / 8));
      await expect(decodeImage(cut), `${eighth}/8`).rejects.toMatchObject({ code: "bad-image" });
    }
  });

  test("a PNG whose data are changed", async () => {
    const bytes = fileOf("colour2-8.png");
    bytes[60]! ^= 1;
    await expect(decodeImage(bytes)).rejects.toMatchObject({ code: "bad-image" });
  });

  test("a JPEG with a broken table does not spoil the next picture", async () => {
    const bytes = fileOf("photo-420.jpg");
    const table = bytes.findIndex((byte, at) => byte === 0xff && bytes[at + 1] === 0xc4);
    bytes.fill(0xff, table + 4, table + 24);
    await expect(decodeImage(bytes)).rejects.toMatchObject({ code: "bad-image" });
    const { sha256: expected, file } = pictures.decoded.find(({ name }) => name === "photo-444.jpg")!;
    expect(await sha256(rgbOf(await decodeImage(fromBase64(file))))).toBe(expected);
  });
});

test("each WebP is decoded in a memory of its own, also beside others", async () => {
  let instances = 0;
  class Counted extends WebAssembly.Instance {
    constructor(...given: ConstructorParameters<typeof WebAssembly.Instance>) {
      super(...given);
      instances += 1;
    }
  }
  vi.stubGlobal("WebAssembly", Object.create(WebAssembly, { Instance: { value: Counted } }));
  try {
    await Promise.all(["lossy.webp", "lossless.webp", "lossy.webp"].map((name) => decodeImage(fileOf(name))));
    await decodeImage(fileOf("lossless.webp"));
  } finally {
    vi.unstubAllGlobals();
  }
  expect(instances).toBe(4);
});

test.each(["cmyk", "ycck"] as const)(
  "a %s JPEG is within two levels of Pillow, and one cut short is refused",
  async (kind) => {
    const { jpeg, rgb, width, height } = cmyk[kind];
    const image = await decodeImage(fromBase64(jpeg));
    expect([image.width, image.height]).toEqual([width, height]);
    expect(maxDifference(rgbOf(image), fromBase64(rgb))).toBeLessThanOrEqual(2);
    await expect(decodeImage(fromBase64(jpeg).slice(0, 400))).rejects.toMatchObject({ code: "bad-image" });
  },
);

describe.skipIf(!goldenFolder)("golden cases", () => {
  test.each(goldenCases)("%s", async (name) => {
    const tensor = goldenTensors(`${name}/tensors.safetensors`);
    for (const row of goldenExpected(name).rows) {
      const image = await decodeImage(goldenBytes(`${name}/data/${row.file}`));
      const { shape, data } = tensor(`rows/${row.index}/decoded_rgb_u8`);
      expect([image.height, image.width, 3]).toEqual(shape);
      expect(maxDifference(rgbOf(image), data), row.file).toBe(0);
    }
  });
});
