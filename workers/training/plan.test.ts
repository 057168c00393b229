/** One planner for page, command line and bench: what it guesses without data, and what it makes of data that is there. */
import { expect, test } from "vitest";
import { asTheCheckpointSays } from "../models/family.ts";
import { configOf, published, publishedPictures } from "../models/published.ts";
import { parseRecipe, USUAL_MAX_PIXELS } from "../recipe.ts";
import { type GoldenCase, openGolden, openGoldenModel } from "../testing/golden.ts";
import { onModel, TEXT_TOKENS, usualMaxLength } from "./plan.ts";

const changes = { per_device_train_batch_size: 2, gradient_accumulation_steps: 3, max_steps: -1, max_length: 1024 };

async function opened(name: GoldenCase, more: Record<string, unknown> = {}) {
  const recipe = parseRecipe({ ...changes, ...more });
  return { model: await openGoldenModel(await openGolden(name), recipe), recipe };
}

test("without data: a row has one picture of the most tiles and the text of the published recipe", async () => {
  const { model, recipe } = await opened("own-next");
  // Pictures of 28 pixels in patches of 14.
  const plan = onModel(model, recipe).planOf();
  expect(plan.rowTokens).toBe(4 * model.pictures.mostTiles + TEXT_TOKENS);
  expect(plan).toMatchObject({ steps: 0, epochs: 0 });
});

test("fewer tiles make the guessed row shorter and the plan smaller", async () => {
  const { model, recipe } = await opened("own-next");
  const [all, one] = [onModel(model, recipe).planOf(), onModel(model, { ...recipe, maxImageTiles: 1 }).planOf()];
  expect(all.rowTokens - one.rowTokens).toBe(4 * (model.pictures.mostTiles - 1));
  expect(one.memory.totalBytes).toBeLessThan(all.memory.totalBytes);
  expect(one.flops.ideal).toBeLessThan(all.flops.ideal);
});

test("with data: its longest row, no longer than the recipe has it; steps by epochs of whole windows", async () => {
  const { model, recipe } = await opened("own-mha", { num_train_epochs: 2 });
  // 13 rows are 7 batches, which are 3 windows an epoch.
  expect(onModel(model, recipe).planOf({ rows: 13, longest: 90, pictures: 1 })).toMatchObject({
    rowTokens: 90,
    steps: 6,
    epochs: 2,
  });
  const short = { ...recipe, maxLength: 64 };
  expect(onModel(model, short).planOf({ rows: 13, longest: 90, pictures: 1 })).toEqual(
    onModel(model, short).planOf({ rows: 13, longest: 64, pictures: 1 }),
  );
});

test("work grows with the batch and its accumulation, memory with the batch alone", async () => {
  const { model, recipe } = await opened("own-mha");
  const data = { rows: 13, longest: 90, pictures: 1 };
  const once = onModel(model, { ...recipe, gradientAccumulationSteps: 1 }).planOf(data);
  const thrice = onModel(model, recipe).planOf(data);
  expect(thrice.flops.ideal).toBeCloseTo(3 * once.flops.ideal, 0);
  expect(thrice.memory.totalBytes).toBe(once.memory.totalBytes);
});

test("a pass has room for all pictures of a row, as many as the row with most has", async () => {
  const { model, recipe } = await opened("own-next");
  const one = { ...recipe, perDeviceTrainBatchSize: 1 };
  const featuresOf = (pictures: number | undefined) =>
    onModel(model, one).planOf({ rows: 5, longest: 90, pictures }).memory.capacity.features;
  expect(featuresOf(3)).toBe(3 * featuresOf(1));
  expect(featuresOf(0)).toBe(featuresOf(1));
  // A data set of an older version does not say: every picture has a tile of four slots at least.
  expect(featuresOf(undefined)).toBe(22 * featuresOf(1));
});

test.each([...published.keys()])("%s: a row with its largest picture is no longer than the usual length", (repo) => {
  // As the page begins: of pictures at free size files allow some that are longer than any row.
  const settings = { ...asTheCheckpointSays, maxPixels: USUAL_MAX_PIXELS };
  const [config, pictures] = [configOf(repo), publishedPictures(repo, settings)];
  const length = usualMaxLength({ config, pictures });
  expect(length).toBeGreaterThanOrEqual(Math.min(2048, config.decoder.maxPositions));
  expect(length).toBeLessThanOrEqual(config.decoder.maxPositions);
  expect(length - pictures.mostSlots).toBeGreaterThanOrEqual(1024);
});

test("a wide picture of OneVision in two by five tiles is left out at the recipe's default and whole at the usual length", () => {
  const repo = "llava-hf/llava-onevision-qwen2-0.5b-ov-hf";
  const pictures = publishedPictures(repo);
  const [width, height] = [1920, 768];
  const { tokens } = pictures.prepare({ width, height, rgbx: new Int32Array(width * height) });
  // 729 of the whole, 54 rows of 135 and a newline each.
  expect(tokens).toBe(729 + 54 * 136);
  const length = usualMaxLength({ config: configOf(repo), pictures });
  expect([length, tokens > 2048, tokens + 1024 < length]).toEqual([9984, true, true]);
});

test("pictures at free size: no more tiles than tokens, and the cap on pixels is one on tiles", async () => {
  const { model, recipe } = await opened("qwen3-vl", { per_device_train_batch_size: 1 });
  // 7,680 pixels in blocks of 16 x 16.
  expect(model.pictures.mostTiles).toBe(77);
  const planOf = (own: Partial<typeof recipe>, longest: number) =>
    onModel(model, { ...recipe, ...own }).planOf({ rows: 9, longest, pictures: 3 }).memory;
  expect(planOf({}, 200)).toMatchObject({ tileCapacity: 77, capacity: { features: 200 } });
  expect(planOf({}, 50)).toMatchObject({ tileCapacity: 50, capacity: { features: 50 } });
  expect(planOf({ maxPixels: 2048 }, 200)).toMatchObject({ tileCapacity: 8, capacity: { features: 24 } });
  expect(planOf({ maxImageTiles: 1 }, 200)).toMatchObject({ tileCapacity: 77 });
});
