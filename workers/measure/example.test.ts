import { expect, test } from "vitest";
import { labelsOf } from "../data/example.ts";
import { imageSlots } from "../models/feature-rows.ts";
import { configOf, type Published, published, tensorsOf } from "../models/published.ts";
import { exampleOf, pixelsToValues } from "./example.ts";
import { demo, type ModelCase, sizesFor } from "./sizes.ts";

const models = sizesFor(false, false).models.map((m) => [m.name, m] as const);

test.each(models)("%s: each slot of the picture has a feature, and every text token is a target", (_, m) => {
  const { inputIds, kinds, images, pixels } = exampleOf(m, 3);
  const [picture] = images;
  const slots = imageSlots(picture!, m.config, 0, picture!.tiles * 576);
  expect(inputIds.filter((id) => id === m.config.imageTokenId).length).toBe(slots.length);
  expect(inputIds.length).toBe(slots.length + m.text);
  expect(kinds.length).toBe(inputIds.length);
  expect(pixels.length).toBe(picture!.tiles * m.config.vision.imageSize ** 2 * 3);
  // The start token is no target.
  expect(labelsOf({ inputIds, kinds } as ReturnType<typeof exampleOf>, "responses").filter((l) => l >= 0).length).toBe(
    m.text - 1,
  );
});

test("a large square is five tiles of LLaVA-NeXT; rows differ in their text", () => {
  const five = models.find(([name]) => name.includes("five tiles"))![1];
  expect(exampleOf(five, 0).images[0]).toMatchObject({ tiles: 5, tokens: 576 + 48 * 49 });
  expect(exampleOf(demo, 0).inputIds).not.toEqual(exampleOf(demo, 1).inputIds);
});

test("pixels are spread around zero", () => {
  expect([...pixelsToValues(Uint8Array.of(0, 128, 255))]).toEqual([-2, 0, 255 / 64 - 2]);
});

test.each(Object.keys(published) as Published[])("%s has its weights in the published sizes", (repo) => {
  const parameters = [...tensorsOf(published[repo]).values()].reduce(
    (n, t) => n + t.shape.reduce((a, b) => a * b, 1),
    0,
  );
  const billions = {
    "bczhou/tiny-llava-v1-hf": 1.41,
    "llava-hf/llava-1.5-7b-hf": 7.06,
    "llava-hf/llava-v1.6-mistral-7b-hf": 7.57,
  };
  expect(parameters / 1e9).toBeCloseTo(billions[repo], 1);
  const named = (models as readonly (readonly [string, ModelCase])[]).filter(
    ([, m]) => m.config.text.hiddenSize === configOf(repo).text.hiddenSize,
  );
  expect(named.length).toBeGreaterThan(0);
});
