import { expect, test } from "vitest";
import { Terminal, timeLeft } from "./terminal.ts";

/** A terminal of 80 columns, and what somebody sees on it: whole lines, and the one that is rewritten. */
function screen({ isTTY = true, columns = 80 } = {}) {
  let raw = "";
  let clock = 0;
  const write = (text: string): boolean => {
    raw += text;
    return true;
  };
  const stream = { isTTY, columns, write };
  const terminal = new Terminal(
    () => stream as unknown as NodeJS.WriteStream,
    () => clock,
  );
  const seen = () =>
    raw.split("\n").map((line) => {
      const [last = ""] = line.split("\r\x1b[K").slice(-1);
      return last;
    });
  const wait = (ms: number): void => {
    clock += ms;
  };
  return { terminal, seen, raw: () => raw, wait };
}

test("one line is rewritten: how far, the loss, and how long it will take", () => {
  const { terminal, seen, wait } = screen();
  terminal.show("Training", { done: 0, total: 100 });
  expect(seen()).toEqual(["Training  ░░░░░░░░░░░░░░░░░░░░  0 of 100"]);
  wait(60_000); // kernels are compiled
  terminal.show("Training", { done: 1, total: 100, more: "loss 2.5000" });
  for (let step = 2; step <= 50; step++) {
    wait(2000);
    terminal.show("Training", { done: step, total: 100, more: "loss 1.2500" });
  }
  expect(seen()).toEqual(["Training  ██████████░░░░░░░░░░  50 of 100  loss 1.2500  about 2 min left"]);
  terminal.show("Saving");
  wait(2000);
  terminal.show("Training", { done: 51, total: 100, more: "loss 1.2500" });
  expect(seen()).toEqual(["Training  ██████████░░░░░░░░░░  51 of 100  loss 1.2500  about 2 min left"]);
  terminal.clear();
  expect(seen()).toEqual([""]);
});

test("a line that stays goes above it", () => {
  const { terminal, seen } = screen();
  terminal.show("Loading");
  terminal.tell("note: something");
  expect(seen()).toEqual(["note: something", "Loading …"]);
});

test("it is never longer than the terminal is wide, and not drawn more than ten times a second", () => {
  const { terminal, seen, raw } = screen({ columns: 30 });
  for (let i = 0; i < 1000; i++) terminal.show("Reading rows", { done: i, total: 1000 });
  expect(seen().at(-1)).toHaveLength(29);
  expect(raw().split("\r").length).toBeLessThan(4);
});

test("where nobody looks there are whole lines only", () => {
  const { terminal, raw } = screen({ isTTY: false });
  terminal.show("Training", { done: 1, total: 2 });
  terminal.tell("note: something");
  terminal.clear();
  expect(raw()).toBe("note: something\n");
});

test.each([
  [0.2, "about 1 s"],
  [89, "about 89 s"],
  [100, "about 2 min"],
  [5400, "about 1 h 30 min"],
])("%d seconds are %s", (seconds, words) => {
  expect(timeLeft(seconds)).toBe(words);
});
