import { describe, expect, test } from "vitest";
import { readerOfBlob } from "../storage/range-reader.ts";
import { type GoldenCase, openGolden, openGoldenModel, recipeWith } from "../testing/golden.ts";
import { filesFromDirectory } from "../weights/hub/fs-files.ts";
import { type ModelFiles, modelFiles } from "../weights/hub/source.ts";
import { asTheCheckpointSays, type Json } from "./family.ts";
import { type OpenedModel, openModel } from "./open.ts";
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

const sizes = [[40, 40], [130, 47], [47, 130], [200, 90], [300, 100], [97, 201], [640, 480]]; // biome-ignore format: rows

/** Tiles of pictures of many sizes. */
const tilesOf = ({ pictures }: OpenedModel): number[] =>
  sizes.map(([width, height]) => {
    const image = { width: width!, height: height!, rgbx: new Int32Array(width! * height!) };
    return pictures.prepare(image).tiles;
  });

const nested = (before: ModelFiles): Promise<ModelFiles> =>
  edited(before, async (name, read) => {
    if (name === "preprocessor_config.json") return {};
    return name === "processor_config.json"
      ? { ...(await read()), image_processor: (await before.readJson("preprocessor_config.json")) as Json }
      : undefined;
  });

describe.each<[string, GoldenCase, Record<string, unknown>, (files: ModelFiles) => Promise<ModelFiles>]>([
  ["unsplit", "smolvlm", { do_image_splitting: false }, async (files) => files],
  ["unsplit, in processor_config.json", "smolvlm", { do_image_splitting: false }, nested],
  ["a longest edge", "smolvlm", { image_longest_edge: 64 }, async (files) => files],
  ["one tile", "smolvlm", { max_image_tiles: 1 }, async (files) => files],
  ["fewer grids", "llava-next-mistral", { max_image_tiles: 3 }, async (files) => files],
  ["fewer grids", "onevision", { max_image_tiles: 3 }, async (files) => files],
])("a merged model of %s", (_, name, changes, of) => {
  test("cuts pictures by its files alone as training did", async () => {
    const golden = await openGolden(name);
    const files = await of(await filesFromDirectory(golden.modelFolder));
    const recipe = recipeWith(golden, "a", changes);
    const trained = await openModel(files, recipe);
    const merged = await filesWithSettings(files, recipe);
    expect(merged.note).toBeUndefined();
    expect(merged.files.names()).toEqual(files.names());
    const reopened = await openModel(merged.files, recipeWith(golden, "a"));
    expect(tilesOf(reopened)).toEqual(tilesOf(trained));
    expect(tilesOf(reopened)).not.toEqual(tilesOf(await openModel(files, recipeWith(golden, "a"))));
  });
});

test("a cap on SmolVLM's tiles is written as a longest edge under it, which is told", async () => {
  const golden = await openGolden("smolvlm");
  const files = await filesFromDirectory(golden.modelFolder);
  const { files: merged, note } = await filesWithSettings(files, recipeWith(golden, "a", { max_image_tiles: 6 }));
  expect(note).toMatch(/^max_image_tiles 6 is written as a longest edge of \d+ pixels/);
  const tiles = tilesOf(await openModel(merged, recipeWith(golden, "a")));
  expect(Math.max(...tiles)).toBe(5);
});

test("what files cannot say is told, and where nothing was set they stay as they are", async () => {
  const golden = await openGolden("llava-next-mistral");
  const files = await filesFromDirectory(golden.modelFolder);
  const whole = await filesWithSettings(files, recipeWith(golden, "a", { max_image_tiles: 1 }));
  expect(whole).toEqual({ files, note: expect.stringContaining("leaves the whole picture alone") });
  expect(await filesWithSettings(files, recipeWith(golden, "a"))).toEqual({ files });
  const llava = await filesFromDirectory((await openGolden("llava-mha")).modelFolder);
  expect(await filesWithSettings(llava, { ...asTheCheckpointSays, doImageSplitting: false })).toEqual({ files: llava });
});

/** The files with some of them as `change` gives them. */
async function edited(
  files: ModelFiles,
  change: (name: string, read: () => Promise<Json>) => Promise<Json | undefined>,
): Promise<ModelFiles> {
  return modelFiles(files.label, files.names(), async (name) => {
    const content = await change(name, async () => (await files.readJson(name)) as Json);
    return content ? readerOfBlob(new Blob([JSON.stringify(content)])) : files.open(name);
  });
}
