/** What becomes of drops that come one after the other; the worker is a stand-in that knows which drops give rows. */
import { beforeEach, expect, test, vi } from "vitest";
import { TabTuneError } from "../../workers/errors.ts";
import type { DroppedFile, FilesSource } from "../../workers/protocol/dataset.ts";

vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
const prepared: string[][] = [];
/** Ends a call of `separate` with these counts. */
const separations: ((counts: object) => void)[] = [];
vi.mock("../page/workers.ts", async () => {
  const { toReport } = await import("../../workers/errors.ts");
  const api = {
    look: async () => ({ table: null, rows: [], problem: "" }),
    async prepare({ label, files }: FilesSource) {
      const paths = files.map(({ path }) => path);
      prepared.push(paths);
      const whole = paths.some((path) => path.endsWith(".jpg")) && paths.some((path) => path.endsWith(".csv"));
      if (!whole) throw toReport(new TabTuneError("no-rows", "No rows.", "Drop others."));
      return { id: paths.join(), label, rows: 1, skipped: [], notes: [] };
    },
    separate: () => new Promise((resolve) => separations.push(resolve)),
    open: async (id: string) => ({ id, label: "rows of before", rows: 3, skipped: [], notes: [] }),
  };
  return {
    dataset: (call: (a: typeof api, alive: () => void) => unknown) => call(api, () => undefined),
    callback: (f: unknown) => f,
    cancelDataset: () => undefined,
    reportOf: (error: unknown) => error,
  };
});
const { useDataset } = await import("./dataset.ts");
const { useModel } = await import("./model.ts");
const { useApp } = await import("../page/store.ts");

const files = (...paths: string[]): DroppedFile[] => paths.map((path) => ({ path, blob: new Blob([path]) }));
const drop = (...paths: string[]) => useDataset.getState().drop(files(...paths));
const start = useDataset.getState();
const model = { preparation: { id: "p" }, label: "m" } as unknown as NonNullable<
  ReturnType<typeof useModel.getState>["info"]
>;

beforeEach(() => {
  prepared.length = 0;
  useDataset.setState(start, true);
  useModel.setState({ info: model });
  useApp.setState({ errors: {} });
});

test("a drop that gave no rows is completed by the second", async () => {
  await drop("data.csv");
  expect(useApp.getState().errors.data?.code).toBe("no-rows");
  await drop("a.jpg");
  expect(useDataset.getState().question).toMatchObject({ likely: true });
  expect(prepared).toHaveLength(1);
  await useDataset.getState().answer(true);
  expect(prepared.at(-1)).toEqual(["data.csv", "a.jpg"]);
  const { info, question, failed } = useDataset.getState();
  expect([info?.label, question, failed]).toEqual(["data.csv + a.jpg", undefined, undefined]);
  expect(useApp.getState().errors.data).toBe(undefined);
});

test("what could stand alone beside rows that are ready takes their place, and says so", async () => {
  await drop("data.csv", "a.jpg");
  await drop("b.csv", "b.jpg");
  const { question, source } = useDataset.getState();
  expect(question).toBe(undefined);
  expect(prepared.at(-1)).toEqual(["b.csv", "b.jpg"]);
  expect(source).toMatchObject({ told: [expect.stringMatching(/^These files take the place of 2 files: /)] });
});

test("pictures beside rows that are ready are asked about; no leaves the one or takes the other", async () => {
  await drop("data.csv", "a.jpg");
  await drop("b.jpg");
  expect(useDataset.getState()).toMatchObject({ info: { label: "2 files" }, question: { likely: true } });
  useDataset.getState().dismiss();
  expect(prepared).toHaveLength(1);
});

test("the newest files are those that are asked about: a drop that failed beside rows that stay", async () => {
  await drop("data.csv", "a.jpg");
  await drop("b.jpg");
  await useDataset.getState().answer(false);
  expect(useDataset.getState()).toMatchObject({ info: { label: "2 files" }, failed: { label: "b.jpg" } });
  await drop("b.csv");
  expect(useDataset.getState().question).toMatchObject({ names: { before: "b.jpg", dropped: "b.csv" } });
});

test("rows of a saved run that are shown meanwhile take nothing from a drop that failed", async () => {
  await drop("data.csv");
  await useDataset.getState().open("run");
  await drop("a.jpg");
  await useDataset.getState().answer(true);
  expect(useDataset.getState().info?.label).toBe("data.csv + a.jpg");
});

test("drops that come while it is asked are asked about together", async () => {
  await drop("data.csv");
  await drop("a.jpg");
  await drop("b.jpg");
  expect(useDataset.getState().question?.question).toMatch(/^You dropped 2 files \(2 pictures\)/);
  await useDataset.getState().answer(true);
  expect(prepared.at(-1)).toEqual(["data.csv", "a.jpg", "b.jpg"]);
});

test("before a model is loaded the files that wait are completed, and read when it is there", async () => {
  useModel.setState({ info: undefined });
  await drop("data.csv");
  await drop("a.jpg");
  await useDataset.getState().answer(true);
  expect(prepared).toEqual([]);
  useModel.setState({ info: model });
  useDataset.getState().modelLoaded(model);
  await vi.waitFor(() => expect(useDataset.getState().info?.label).toBe("data.csv + a.jpg"));
});

test("a file of no use, the sample data, and a first drop ask nothing", async () => {
  await drop("data.csv", "a.jpg");
  await drop("form.pdf");
  expect(useDataset.getState().question).toBe(undefined);
  expect(useDataset.getState()).toMatchObject({ info: { label: "2 files" }, failed: undefined });
  await drop("c.jpg");
  expect(useDataset.getState().question).toBeDefined();
  await useDataset
    .getState()
    .use({ kind: "sample" })
    .catch(() => undefined);
  expect(useDataset.getState().question).toBe(undefined);
});

test("an answer about held-out rows that comes after somebody chose to hold none out has no say", async () => {
  await drop("data.csv", "a.jpg");
  const { separate } = useDataset.getState();
  const asked = separate({ eval_strategy: "steps" });
  await vi.waitFor(() => expect(separations).toHaveLength(1));
  await separate(undefined);
  separations[0]?.({ training: 120, heldOut: 8, words: "" });
  await asked;
  expect(useDataset.getState().separated).toBe(undefined);
});
