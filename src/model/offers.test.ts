import { expect, test } from "vitest";
import type { Capability } from "../../workers/protocol/engine.ts";
import catalogue from "../../workers/weights/hub/catalogue.json";
import { bytes, flops } from "../parts/format.ts";
import { words } from "../words/index.ts";
import { bestOf, groupsOf, reasonFor } from "./offers.ts";

const machine = (changes: { room?: number; software?: boolean } = {}): Capability => ({
  usable: true,
  adapter: {
    vendor: "",
    architecture: "",
    description: "",
    software: changes.software ?? false,
    maxBufferSize: 2 ** 31,
  },
  storage: { usage: 1e9, quota: 1e9 + (changes.room ?? 100e9), persisted: false },
});

test("SmolVLM 256M is the first real model, wherever its files have room", () => {
  for (const capability of [undefined, machine(), machine({ software: true }), machine({ room: 1 })])
    expect(bestOf(catalogue, capability).repo).toBe("HuggingFaceTB/SmolVLM-256M-Instruct");
});

test("the reason says what it takes, from the catalogue's own figures", () => {
  const best = bestOf(catalogue, machine());
  const [memory, work] = [bytes(best.trainingBytes), flops(best.flopsPerRow)];
  expect(reasonFor(best, machine())).toBe(
    `It trains in ${memory} of GPU memory, which most graphics cards have, fetches 513 MB, and a row costs ${work}.`,
  );
  expect(reasonFor(best, machine({ room: 100e6 }))).toContain(
    "Of the 360 MB that it is kept in, this browser has 100 MB left.",
  );
  expect(reasonFor(best, machine({ software: true }))).toContain("No graphics card was found here");
});

test("groups hold every model of the hub once, small ones first", () => {
  const groups = groupsOf(catalogue);
  expect(groups.flatMap(([, entries]) => entries)).toEqual(catalogue.slice(1));
  expect(groups.map(([fits]) => fits)).toEqual(["fits", "tight"]);
  expect(groups[1]![1].map(({ name }) => name)).toContain("LLaVA-1.5 13B");
});

test("every model of the hub is told what it is good for", () => {
  const repos = catalogue.flatMap(({ repo }) => (repo === null ? [] : [repo]));
  expect(Object.keys(words().model.goodFor).toSorted()).toEqual(repos.toSorted());
});
