/** No sequence is longer than the model has positions for: behind the RoPE table there is nothing. */

import { expect, test } from "vitest";
import { MAX_POSITIONS } from "../models/config.ts";

import type { OpenedModel } from "../models/open.ts";
import { parseRecipe } from "../recipe.ts";
import { openGolden, openGoldenModel, recipeWith } from "../testing/golden.ts";
import { onModel } from "../training/plan.ts";
import { chatRoom } from "./chat-answer.ts";

const opened = async (maxPositions: number): Promise<OpenedModel> => {
  const golden = await openGolden("own-next");
  const model = await openGoldenModel(golden, recipeWith(golden, "a"));
  return { ...model, config: { ...model.config, decoder: { ...model.config.decoder, maxPositions } } };
};
const recipe = parseRecipe({ max_length: 4096 });

test.each([
  [2048, 2048],
  [32_768, 4096],
])("with %i positions rows have at most %i tokens", async (positions, most) => {
  expect(onModel(await opened(positions), recipe).recipe.maxLength).toBe(most);
});

test("the plan is for the rows that are run", async () => {
  const model = await opened(256);
  const { planOf } = onModel(model, recipe);
  expect(planOf({ rows: 1, longest: 4000, pictures: 1 })).toEqual(planOf({ rows: 1, longest: 256, pictures: 1 }));
});

test.each([
  ["the usual", 32_768, 1, 2048],
  ["a picture of many slots and words beside it", 32_768, 3600, 3600 + 1024],
  ["no more than positions", 1024, 600, 1024],
  ["no more than the table", 32_768, 10_000, MAX_POSITIONS],
])("a chat has room for %s", async (_, positions, mostSlots, rows) => {
  const pictures = { mostTiles: 5, mostSlots };
  expect(chatRoom({ ...(await opened(positions)), pictures }).contextRows).toBe(rows);
});
