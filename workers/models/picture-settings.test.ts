import { expect, test } from "vitest";
import { readerOfBlob } from "../storage/range-reader.ts";
import { openGolden, openGoldenModel, recipeWith } from "../testing/golden.ts";
import { modelFiles } from "../weights/hub/source.ts";
import { asTheCheckpointSays, type PictureSettings } from "./family.ts";
import { filesWithSettings, idleSettings } from "./picture-settings.ts";

const opened = async (name: "smolvlm" | "llava-mha" | "llava-next-mistral", changes: Record<string, unknown>) => {
  const golden = await openGolden(name);
  return openGoldenModel(golden, recipeWith(golden, "a", changes));
};

test("the page's own setting makes another preparation of SmolVLM, and none of a model that has no such setting", async () => {
  const idsOf = async (name: "smolvlm" | "llava-mha") => [
    (await opened(name, {})).preparation.id,
    (await opened(name, { do_image_splitting: false })).preparation.id,
    (await opened(name, { do_image_splitting: false, image_longest_edge: 64 })).preparation.id,
  ];
  expect(new Set(await idsOf("smolvlm")).size).toBe(3);
  expect(new Set(await idsOf("llava-mha")).size).toBe(1);
});

test("what changes nothing is told", async () => {
  const { fileNotes } = await opened("llava-mha", { do_image_splitting: true, max_image_tiles: 2 });
  expect(fileNotes).toEqual([
    "max_image_tiles and do_image_splitting change nothing: pictures of llava have no such setting.",
  ]);
  expect((await opened("llava-next-mistral", { max_image_tiles: 2, do_image_splitting: false })).fileNotes).toEqual([]);
  const family = { modelType: "llava", pictureSettings: [] };
  expect(idleSettings(family, { ...asTheCheckpointSays, imageLongestEdge: 512 })).toMatch(
    /^image_longest_edge changes/,
  );
});

test.each([
  ["preprocessor_config.json", (processor: object) => ({ "preprocessor_config.json": processor })],
  [
    "processor_config.json",
    (image_processor: object) => ({ "processor_config.json": { image_seq_len: 4, image_processor } }),
  ],
])("a merged model says in %s how its pictures were cut", async (file, contents) => {
  const before = { do_image_splitting: true, size: { longest_edge: 192 }, image_std: [0.5, 0.5, 0.5] };
  const texts: Record<string, object> = { "config.json": {}, ...contents(before) };
  const files = modelFiles("m", Object.keys(texts), async (name) =>
    readerOfBlob(new Blob([JSON.stringify(texts[name])])),
  );
  const family = { pictureSettings: ["doImageSplitting", "imageLongestEdge"] } as const;
  const settings: PictureSettings = { ...asTheCheckpointSays, doImageSplitting: false, imageLongestEdge: 64 };
  const changed = await filesWithSettings(files, family, settings);
  const after = { ...before, do_image_splitting: false, size: { longest_edge: 64 }, do_resize: true };
  expect(await changed.readJson(file)).toEqual(Object.values(contents(after))[0]);
  expect(await changed.readJson("config.json")).toEqual({});
  expect(changed.names()).toEqual(files.names());
  expect(await filesWithSettings(files, family, asTheCheckpointSays)).toBe(files);
  expect(await filesWithSettings(files, { pictureSettings: [] }, settings)).toBe(files);
});
