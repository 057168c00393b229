import { expect, test } from "vitest";
import { labelsOf } from "../data/example.ts";
import { configOf, published, publishedTensors } from "../models/published.ts";
import catalogue from "../weights/hub/catalogue.json" with { type: "json" };
import { exampleOf } from "./example.ts";
import { demo, type ModelCase, sizesFor } from "./sizes.ts";

const models = sizesFor(false, false).models.map((m) => [m.name, m] as const);

test.each(models)("%s: each slot of the picture has a feature, and every text token is a target", (_, m) => {
  const { inputIds, kinds, images, pixels } = exampleOf(m, 3);
  const [picture] = images;
  const slots = m.pictures.featureRows(picture!, 0, picture!.tiles * 576);
  expect(inputIds.filter((id) => id === m.config.imageTokenId).length).toBe(slots.length);
  expect(inputIds.length).toBe(slots.length + m.text);
  expect(kinds.length).toBe(inputIds.length);
  expect(pixels.length).toBe(picture!.tiles * m.config.tower.imageSize ** 2 * 3);
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

/** The structures whose kernels and steps are measured. */
const measured = ["bczhou/tiny-llava-v1-hf", "llava-hf/llava-1.5-7b-hf", "llava-hf/llava-v1.6-mistral-7b-hf"];

test.each([...published.keys()])("%s has its weights in the published sizes", (repo) => {
  const parameters = [...publishedTensors(repo).values()].reduce((n, t) => n + t.shape.reduce((a, b) => a * b, 1), 0);
  // The catalogue counts what runs: a tower's last layer is left out where its output is not used.
  const { parameters: known } = catalogue.find((model) => model.repo === repo)!;
  expect(Math.abs(parameters / known - 1)).toBeLessThan(0.012);
});

test.each(measured)("%s is measured at its width", (repo) => {
  const named = (models as readonly (readonly [string, ModelCase])[]).filter(
    ([, m]) => m.config.decoder.hiddenSize === configOf(repo).decoder.hiddenSize,
  );
  expect(named.length).toBeGreaterThan(0);
});
