import { expect, test } from "vitest";
import { featuresPerTile, positionsOf } from "../models/config.ts";
import { BASELINE_BINDING_BYTES } from "../models/parts/head-weights.ts";
import { configOf, published, publishedPictures } from "../models/published.ts";

import { chatRoom } from "./chat-answer.ts";

test.each([...published.keys()])("a conversation on %s has room for its largest picture and words", (repo) => {
  const config = configOf(repo);
  const pictures = publishedPictures(repo);
  // A picture at free size may be larger than any that people show: the chat grows with the first that is.
  const most = config.tower.freeSize ? 1024 : Number.POSITIVE_INFINITY;
  const [mostTiles, mostSlots] = [Math.min(most, pictures.mostTiles), Math.min(most, pictures.mostSlots)];
  const { contextRows, tiles } = chatRoom({ config, pictures });
  const perTile = featuresPerTile(config);
  expect(contextRows).toBeGreaterThanOrEqual(Math.min(mostSlots + 1000, positionsOf(config.decoder)));
  expect(contextRows).toBeLessThanOrEqual(config.decoder.maxPositions);
  expect(tiles).toBeGreaterThanOrEqual(mostTiles);
  // With the row behind them.
  expect((tiles * perTile + 1) * config.decoder.hiddenSize * 4).toBeLessThanOrEqual(BASELINE_BINDING_BYTES);
});
