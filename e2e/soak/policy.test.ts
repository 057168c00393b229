import { expect, test } from "vitest";
import { strays } from "./policy.ts";
import type { Stored, StoredEntry } from "./stored.ts";

const expected = { steps: 6, evaluated: [0, 3, 6], answers: 1, generations: 2 };
const chunk = { bytes: 10, sha256: "c" };
const feature = `dataset/d/features/m/${"0".repeat(64)}`;

/** A browser with a run of six steps, saved at each second one, whose third step was the best. */
function whole(): Stored {
  const entries = new Map<string, StoredEntry>();
  const put = (key: string, json?: unknown): void => {
    entries.set(key, { bytes: 10, sha256: "c", ...(json === undefined ? {} : { json }) });
  };
  put("dataset/d/manifest", { rows: 2, shards: [{}], index: { blocks: [{}] } });
  for (const key of ["contents", "index/0", "shard/0", "sources/0"]) put(`dataset/d/${key}`);
  put(feature);
  put("run/r/info", { status: "done" });
  put("run/r/held-out", {});
  put("run/r/evaluations", [
    { step: 0, loss: 0.1 },
    { step: 3, loss: 1 },
    { step: 6, loss: 2 },
  ]);
  put("run/r/answers/rows", {});
  put("run/r/answers/picture/0");
  for (const step of [0, 3, 6]) put(`run/r/answers/step/000000000${step}`, {});
  put(
    "run/r/log/000000001",
    [1, 2, 3].map((step) => ({ step })),
  );
  put(
    "run/r/log/000000004",
    [4, 5, 6].map((step) => ({ step })),
  );
  put("run/r/latest", { generation: 4 });
  for (const [generation, step] of [
    [2, 3],
    [3, 4],
    [4, 6],
  ]) {
    put(`run/r/gen/00000000${generation}/manifest`, { generation, step, chunks: [chunk] });
    put(`run/r/gen/00000000${generation}/chunk/000000000`);
  }
  put("self-test/gpu", {});
  return {
    databases: ["tabtune"],
    entries,
    files: new Map([["tabtune-weights/a%2fb", 1]]),
    caches: [],
    remembered: ["tabtune-runs-kept", "tabtune-session"],
    usage: 0,
  };
}

test("a browser as it should be has nothing to tell", () => {
  expect(strays(whole(), expected)).toEqual([]);
});

test.each<[string, (stored: Stored) => void]>([
  ["run/r/evaluation-begun belongs to nothing", ({ entries }) => entries.set("run/r/evaluation-begun", chunk)],
  [
    "run/r/gen/000000005/chunk/000000000 belongs to nothing",
    ({ entries }) => entries.set("run/r/gen/000000005/chunk/000000000", chunk),
  ],
  [
    "run/r/gen/000000004/chunk/000000000 is missing",
    ({ entries }) => entries.delete("run/r/gen/000000004/chunk/000000000"),
  ],
  [
    "run/r/gen/000000004/chunk/000000000 is damaged",
    ({ entries }) => entries.set("run/r/gen/000000004/chunk/000000000", { ...chunk, sha256: "d" }),
  ],
  [
    "the generation of step 1 was to go",
    ({ entries }) =>
      entries.set("run/r/gen/000000001/manifest", { ...chunk, json: { generation: 1, step: 1, chunks: [] } }),
  ],
  [
    "the newest generation is of step 5",
    ({ entries }) =>
      entries.set("run/r/gen/000000004/manifest", { ...chunk, json: { generation: 4, step: 5, chunks: [chunk] } }),
  ],
  [
    "the log has 3 steps that are not 1 to 6",
    ({ entries }) => entries.set("run/r/log/000000004", { ...chunk, json: [] }),
  ],
  ["run/r/log/000000004 is damaged", ({ entries }) => entries.set("run/r/log/000000004", chunk)],
  [
    "the run is running, not done",
    ({ entries }) => entries.set("run/r/info", { ...chunk, json: { status: "running" } }),
  ],
  ["2 of run/, not 1", ({ entries }) => entries.set("run/s/info", chunk)],
  ["dataset/d/row/1 belongs to nothing", ({ entries }) => entries.set("dataset/d/row/1", chunk)],
  ["features of several models", ({ entries }) => entries.set(feature.replace("/m/", "/n/"), chunk)],
  ["the database ballast", ({ databases }) => databases.push("ballast")],
  ["the file left.tmp", ({ files }) => files.set("left.tmp", 1)],
  ["files of 2 models, not 1", ({ files }) => files.set("tabtune-weights/c%2fd", 1)],
  ["localStorage token", ({ remembered }) => remembered.push("token")],
])("%s", (words, change) => {
  const stored = whole();
  change(stored);
  expect(strays(stored, expected)).toContain(words);
});
