import { expect, test } from "vitest";
import { featuresPerTile } from "../models/config.ts";
import { configOf, type Published, published } from "../models/published.ts";
import { BASELINE_BINDING_BYTES } from "../models/weights.ts";
import { chatRoom } from "./chat-answer.ts";

test.each(Object.keys(published) as Published[])(
  "a conversation on %s has room for its largest picture and words",
  (repo) => {
    const config = configOf(repo);
    const tilesPerPicture = config.kind === "llava_next" ? 5 : 1;
    const { contextRows, tiles } = chatRoom({ config, tilesPerPicture });
    const perTile = featuresPerTile(config);
    expect(contextRows).toBeGreaterThanOrEqual(tilesPerPicture * perTile + 1000);
    expect(contextRows).toBeLessThanOrEqual(config.text.maxPositions);
    expect(tiles).toBeGreaterThanOrEqual(tilesPerPicture);
    // With the row behind them.
    expect((tiles * perTile + 1) * config.text.hiddenSize * 4).toBeLessThanOrEqual(BASELINE_BINDING_BYTES);
  },
);
