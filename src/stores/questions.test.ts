/** Questions of the data on show: with their pictures where files are at hand, without those whose pictures cannot be read. */
import { beforeEach, expect, test, vi } from "vitest";
import { TabTuneError } from "../../workers/errors.ts";
import type { DataQuestion, DatasetSource } from "../../workers/protocol/dataset.ts";
import type { ModelInfo } from "../../workers/protocol/model.ts";

const found: DataQuestion[] = [];
const read = vi.fn<(source: DatasetSource, question: DataQuestion) => { name: string; blob: Blob }[]>();
vi.hoisted(() => {
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => {} });
});
vi.mock("../page/workers.ts", () => {
  const api = {
    questions: async () => found,
    picturesOfRow: async (source: DatasetSource, _: string, question: DataQuestion) => read(source, question),
  };
  return {
    dataset: async (call: (a: typeof api, alive: () => void) => unknown) => call(api, () => {}),
    callback: (f: unknown) => f,
  };
});

const { useApp } = await import("../page/store.ts");
const { useDataset } = await import("./dataset.ts");
const { useModel } = await import("./model.ts");
const { useQuestions } = await import("./questions.ts");
const { refresh, picturesOf } = useQuestions.getState();
const shown = () => useQuestions.getState().questions;

const asking = (position: number, pictures = 1): DataQuestion => ({
  ...{ position, pictures, question: `What is ${position}?`, right: undefined, heldOut: false },
});
const made = vi.spyOn(URL, "createObjectURL");
const revoked = vi.spyOn(URL, "revokeObjectURL");
const files: DatasetSource = { kind: "files", label: "drop", files: [] };

beforeEach(() => {
  for (const store of [useApp, useDataset, useModel, useQuestions])
    (store as typeof useApp).setState((store as typeof useApp).getInitialState(), true);
  useModel.setState({ info: { id: "m", preparation: {} } as ModelInfo });
  useDataset.setState({ info: { id: "d" } as never, source: files });
  found.splice(0, found.length, asking(1), asking(5, 0));
  read.mockReset().mockImplementation((_, { position }) => [{ name: `${position}.png`, blob: new Blob(["x"]) }]);
  let n = 0;
  made.mockReset().mockImplementation(() => `blob:${n++}`);
  revoked.mockReset();
});

test("each with its pictures; those of before are freed", async () => {
  await refresh();
  expect(shown().map(({ position, shown: pictures }) => [position, pictures?.map(({ url }) => url)])).toEqual([
    [1, ["blob:0"]],
    [5, []],
  ]);
  expect((await picturesOf(shown()[0]!)).map(({ name }) => name)).toEqual(["1.png"]);
  expect(read).toHaveBeenCalledTimes(1);
  useDataset.setState({ info: undefined });
  await refresh();
  expect(shown()).toEqual([]);
  expect(revoked.mock.calls).toEqual([["blob:0"]]);
});

test("a row whose picture cannot be read is not suggested; any other fault is told", async () => {
  found.push(asking(7));
  read.mockImplementationOnce(() => {
    throw new TabTuneError("bad-image", "The picture is broken.", "");
  });
  await refresh();
  expect(shown().map(({ position }) => position)).toEqual([5, 7]);
  expect(useApp.getState().errors.chat).toBeUndefined();
  read.mockImplementationOnce(() => {
    throw new TabTuneError("worker-died", "The data reader stopped working.", "");
  });
  await refresh();
  expect(useApp.getState().errors.chat?.code).toBe("worker-died");
});

test("a hub is asked for pictures of a question that was chosen, and for no others", async () => {
  const hub = { kind: "hub", label: "h" } as DatasetSource;
  useDataset.setState({ source: hub });
  await refresh();
  expect(read).not.toHaveBeenCalled();
  expect(shown()[0]!.shown).toBeUndefined();
  expect((await picturesOf(shown()[0]!)).map(({ name }) => name)).toEqual(["1.png"]);
  expect(read.mock.calls[0]![0]).toBe(hub);
});

test("rows of an earlier visit, whose files are not open, are not suggested", async () => {
  useDataset.setState({ source: undefined });
  await refresh();
  expect(shown()).toEqual([]);
});
