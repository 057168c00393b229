/** What `reference/check_handover.py` found when train.py went on with handed-over runs. */
import { expect, test } from "vitest";
import record from "../../reference/handover.json";

interface Figures {
  steps: number;
  loss: number;
  eval_loss?: number;
  logits: number;
}
const cases = Object.entries(record.cases).map(
  ([name, { processes, logits_moved }]) => [name, processes as Record<string, Figures>, logits_moved] as const,
);

test.each(cases)("%s: the engine's losses, and an adapter that gives its logits", (_, processes, moved) => {
  for (const { steps, loss, eval_loss = 0, logits } of Object.values(processes)) {
    expect(steps).toBeGreaterThanOrEqual(5);
    expect(Math.max(loss, eval_loss)).toBeLessThanOrEqual(1e-4);
    expect(logits).toBeLessThanOrEqual(1e-3);
    // The adapter does something: what it changes is far above what both differ by.
    expect(moved).toBeGreaterThan(100 * logits);
  }
});

test.each([
  "llava-gqa",
  "smolvlm",
  "smolvlm2",
  "onevision",
  "qwen3-vl",
  "qwen3-vl, goes on, all-linear",
  "qwen3-vl, pictures by name",
])("%s was tried on one process and on two", (name) => {
  const [, processes] = cases.find(([found]) => found === name)!;
  expect(Object.keys(processes).slice(0, 2)).toEqual(["1 processes", "2 processes"]);
});

test("several processes, shards, moments and 4 bits were tried", () => {
  const of = (name: string) => Object.keys(cases.find(([found]) => found === name)?.[1] ?? {});
  expect(of("llava-gqa")).toEqual(["1 processes", "2 processes", "3 processes", "fsdp"]);
  expect(of("llava-gqa, goes on")).toContain("fsdp");
  expect(of("demo, NF4")).toEqual(["1 processes", "2 processes"]);
});
