import { beforeEach, expect, test, vi } from "vitest";
import { runLock } from "../../workers/engine/storage-names.ts";
import { fakeLocks } from "../../workers/testing/fake-locks.ts";

const page = vi.hoisted(() => ({ takenOver: 0 }));
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
vi.stubGlobal("BroadcastChannel", class {});
vi.mock("../page/workers.ts", () => ({
  engine: () => undefined,
  dataset: () => undefined,
  callback: (f: unknown) => f,
}));
vi.mock("../page/shell.ts", () => ({
  takeOver: () => {
    page.takenOver += 1;
  },
}));
const { useShell } = await import("./shell.ts");
const { useTraining } = await import("./training.ts");

beforeEach(() => {
  vi.useFakeTimers();
  page.takenOver = 0;
  vi.stubGlobal("navigator", { locks: fakeLocks() });
  useTraining.setState({ state: "stopped" });
});

/** Holds the lock of a run for so long. */
const hold = (milliseconds: number): void =>
  void navigator.locks.request(runLock("a"), {}, () => new Promise<void>((end) => setTimeout(end, milliseconds)));

const press = async (): Promise<void> => {
  const reloading = useShell.getState().reload();
  await vi.advanceTimersByTimeAsync(6000);
  await reloading;
};

test("a press right behind the end of a run waits until its lock is free", async () => {
  hold(1500);
  await press();
  expect(page.takenOver).toBe(1);
  expect(useShell.getState().tabWorks).toBe(false);
});

test("a press while another tab trains does nothing, and the page says whose work it is", async () => {
  hold(60_000);
  await press();
  expect(page.takenOver).toBe(0);
  expect(useShell.getState().tabWorks).toBe(true);
});

test("a press under a run of this tab does nothing, at once", async () => {
  hold(1500);
  useTraining.setState({ state: "training" });
  await useShell.getState().reload();
  expect(page.takenOver).toBe(0);
});
