import { beforeEach, expect, test, vi } from "vitest";
import type { FilesSource } from "../../workers/protocol/dataset.ts";

const asked: FilesSource[] = [];
let answers: (() => void)[] = [];
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
vi.mock("../page/workers.ts", () => ({
  callback: (call: unknown) => call,
  dataset: (call: (api: unknown) => unknown) =>
    call({
      look: (source: FilesSource) =>
        new Promise((resolve) => {
          asked.push(source);
          const problem = source.reading?.instruction ?? "";
          const columns = source.files.flatMap(({ path }) => (path.endsWith(".csv") ? ["photo", path] : []));
          const table = columns.length > 0 ? { path: "", columns, rows: [] } : null;
          answers.push(() => resolve({ table, rows: [], problem }));
        }),
    }),
}));
const { useApplyColumns, useColumns } = await import("./columns.ts");
const source: FilesSource = { kind: "files", label: "shop", files: [] };
const answered = async (): Promise<void> => {
  for (const answer of answers.splice(0)) answer();
  await new Promise((resolve) => setTimeout(resolve));
};

beforeEach(() => {
  asked.length = 0;
  answers = [];
  useColumns.setState({ source, look: undefined, draft: {}, fromBefore: false });
});

test("who types is shown the newest reading, and no more than two looks are made for any number of keys", async () => {
  const { choose } = useColumns.getState();
  for (const instruction of ["W", "Wh", "Wha", "What?"]) void choose({ instruction });
  expect(asked.map(({ reading }) => reading?.instruction)).toEqual(["W"]);
  await answered();
  expect(useColumns.getState().look).toBeUndefined();
  expect(asked.map(({ reading }) => reading?.instruction)).toEqual(["W", "What?"]);
  await answered();
  expect(useColumns.getState().look).toMatchObject({ problem: "What?" });
  expect(asked).toHaveLength(2);
  void choose({ instruction: "Why?" });
  await answered();
  expect(useColumns.getState().look).toMatchObject({ problem: "Why?" });
});

test("a look at files that were dropped before is not shown for other ones", async () => {
  void useColumns.getState().choose({ instruction: "A?" });
  useColumns.setState({ source: { ...source, label: "other" }, draft: {} });
  await answered();
  expect(useColumns.getState().look).toBeUndefined();
  await answered();
  expect(asked.at(-1)?.label).toBe("other");
});

test("who was choosing columns when pictures came to the table goes on choosing", async () => {
  const dropped = (...paths: string[]): FilesSource => ({
    ...source,
    files: paths.map((path) => ({ path, blob: new Blob([]) })),
  });
  void useColumns.getState().begin(dropped("a.csv"), () => undefined);
  await answered();
  void useColumns.getState().choose({ mapping: { images: "photo" } });
  await answered();
  void useColumns.getState().begin(dropped("a.csv", "a.jpg"), () => undefined);
  await answered();
  await answered();
  const { draft, source: now } = useColumns.getState();
  const files = now?.kind === "files" ? now.files : [];
  expect([draft, files.length, now?.reading]).toEqual([{ mapping: { images: "photo" } }, 2, undefined]);
  expect(asked.at(-1)).toMatchObject({ reading: draft, files: [{ path: "a.csv" }, { path: "a.jpg" }] });
  void useColumns.getState().begin(dropped("b.csv", "a.jpg"), () => undefined);
  await answered();
  await answered();
  expect(useColumns.getState().draft).toEqual({});
});

test("files to answer have columns of their own, read as rows that need no answer, and leave those of training alone", async () => {
  const table = { ...source, files: [{ path: "a.csv", blob: new Blob([]) }] };
  const begun = useApplyColumns.getState().begin(table, () => undefined);
  await answered();
  expect((await begun).reading).toEqual({ toAnswer: true });
  void useApplyColumns.getState().choose({ mapping: { question: "photo" } });
  await answered();
  expect(asked.map(({ reading }) => reading)).toEqual([
    { toAnswer: true },
    { mapping: { question: "photo" }, toAnswer: true },
  ]);
  expect(useApplyColumns.getState().draft).toEqual({ mapping: { question: "photo" } });
  expect(useApplyColumns.getState().keep()?.reading).toEqual({ mapping: { question: "photo" } });
  expect(useColumns.getState()).toMatchObject({ source, draft: {}, look: undefined });
});
