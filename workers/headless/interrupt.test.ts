import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { asPart, listenForSignals, stopInOrder } from "./interrupt.ts";

let folder: string;
let exits: unknown[];
let told: number;
let listening: ReturnType<typeof listenForSignals>;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-interrupt-"));
  exits = [];
  told = 0;
  vi.spyOn(process, "exit").mockImplementation((code) => {
    exits.push(code);
    return undefined as never;
  });
  vi.useFakeTimers({ toFake: ["performance"] });
  listening = listenForSignals(() => {
    told += 1;
  });
});
afterEach(() => {
  listening.dispose();
  vi.useRealTimers();
  vi.restoreAllMocks();
  fs.rmSync(folder, { recursive: true });
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("%s stops at once with %d, and takes away what is half written", async (signal, code) => {
  const part = path.join(folder, "out.part");
  await asPart(part, async () => {
    fs.mkdirSync(part);
    fs.writeFileSync(path.join(part, "shard"), "half");
    process.emit(signal);
  });
  expect(exits).toEqual([code]);
  expect(told).toBe(1);
  expect(fs.readdirSync(folder)).toEqual([]);
});

test("a command that can stop in order is asked once, and stopped at once by the second press", () => {
  const onAsk = vi.fn();
  const stop = stopInOrder(onAsk);
  process.emit("SIGINT");
  process.emit("SIGINT"); // the same press, by way of npm
  expect({ exits, asked: stop.asked, calls: onAsk.mock.calls.length }).toEqual({ exits: [], asked: true, calls: 1 });
  expect(listening.exitCode()).toBe(130);
  vi.advanceTimersByTime(600);
  process.emit("SIGINT");
  stop.dispose();
  expect(exits).toEqual([130]);
});

test("what fails is taken away; what is whole stays", async () => {
  const part = path.join(folder, "out.part");
  await expect(
    asPart(part, async () => {
      fs.writeFileSync(part, "half");
      throw new Error("full");
    }),
  ).rejects.toThrow("full");
  expect(fs.existsSync(part)).toBe(false);
  await asPart(part, async () => fs.writeFileSync(part, "whole"));
  process.emit("SIGINT");
  expect(fs.existsSync(part)).toBe(true);
});
