/** A page of before a field that a record has got since, with the same layout: what it writes over keeps the field. */
import { expect, test } from "vitest";
import { memoryStore } from "../../storage/memory.ts";
import { sealJson, unsealJson } from "../../storage/sealed.ts";
import { changeAbout } from "./about.ts";
import { extendRun } from "./extend.ts";
import { infoKey } from "./format.ts";
import { SCHEMA } from "./run-info.ts";
import { listRuns, savedRun, setRunStatus } from "./runs.ts";

const later = { of: ["a later version"] };
const info = {
  ...{ schema: SCHEMA, id: "r", createdAt: "2026-11-23T10:00:00.000Z", modelId: "m", modelLabel: "tiny", maxSteps: 4 },
  ...{ datasetId: "d", datasetLabel: "cats.zip", status: "done", recipe: { max_steps: 4 }, later },
  modelConfig: { model_type: "llava", later },
  inference: {
    prompting: { takesParts: true, asksAsTrained: true, writesBos: false, endIds: [2], later },
    pictures: { processor: {}, config: {}, later },
    later,
  },
};
const lineage = {
  origin: { kind: "run", label: "first", runId: "f", step: 3, later },
  more: [{ at: 2, maxSteps: 4, later }],
  later,
};
const about = { name: "cats", note: "", later };

async function written() {
  const store = memoryStore();
  const records = { info, lineage, about };
  for (const [name, record] of Object.entries(records))
    await store.set([[`run/r/${name}`, await sealJson(record)]], "strict");
  const read = async (name: keyof typeof records) => unsealJson((await store.get(`run/r/${name}`))!);
  return { store, read };
}

test("a run that is gone on with keeps them in its record", async () => {
  const { store, read } = await written();
  expect(infoKey("r")).toBe("run/r/info");
  await setRunStatus(store, "r", "running");
  expect(await read("info")).toEqual({ ...info, status: "running" });
});

test("a run that gets more steps keeps them in its record and in where it comes from", async () => {
  const { store, read } = await written();
  await extendRun(store, "r", 9);
  expect(await read("info")).toEqual({ ...info, status: "stopped", maxSteps: 9, recipe: { max_steps: 9 } });
  expect(await read("lineage")).toEqual({ ...lineage, more: [...lineage.more, { at: 4, maxSteps: 9 }] });
});

test("a run that is renamed, deleted and taken back keeps them", async () => {
  const { store, read } = await written();
  await changeAbout(store, "r", { name: "dogs", deletedAt: 5 });
  expect(await read("about")).toEqual({ ...about, name: "dogs", deletedAt: 5 });
  await changeAbout(store, "r", { deletedAt: undefined });
  expect(await read("about")).toEqual({ ...about, name: "dogs" });
});

test("a recipe with a setting of a later version: the run is refused, and listed beside the others", async () => {
  const { store } = await written();
  const record = { ...info, id: "s", recipe: { max_steps: 4, later_setting: true } };
  await store.set([["run/s/info", await sealJson(record)]], "strict");
  await expect(setRunStatus(store, "s", "running")).rejects.toMatchObject({ code: "bad-checkpoint" });
  await expect(savedRun(store, "s")).rejects.toMatchObject({
    message: "This run was saved by a newer version of TabTune.",
  });
  expect((await listRuns(store)).map(({ id }) => id).sort()).toEqual(["r", "s"]);
});

test("where a run comes from is not written over by who cannot read it", async () => {
  const { store, read } = await written();
  const unread = { ...lineage, origin: { kind: "a kind of a later version" } };
  await store.set([["run/r/lineage", await sealJson(unread)]], "strict");
  await expect(extendRun(store, "r", 9)).rejects.toMatchObject({ code: "bad-checkpoint" });
  expect(await read("lineage")).toEqual(unread);
  expect(await read("info")).toEqual(info);
});
