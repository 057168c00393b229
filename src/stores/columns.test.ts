import { beforeEach, expect, test, vi } from "vitest";
import type { FilesSource } from "../../workers/protocol/dataset.ts";

const asked: FilesSource[] = [];
let answers: (() => void)[] = [];
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
vi.mock("../page/workers.ts", () => ({
  dataset: (call: (api: unknown) => unknown) =>
    call({
      look: (source: FilesSource) =>
        new Promise((resolve) => {
          asked.push(source);
          const problem = source.reading?.instruction ?? "";
          answers.push(() => resolve({ table: null, rows: [], problem }));
        }),
    }),
}));
const { useColumns } = await import("./columns.ts");
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
