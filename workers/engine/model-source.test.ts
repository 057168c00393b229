import { expect, test } from "vitest";
import type { LoadProgress } from "../protocol.ts";
import { withTransfer } from "./model-source.ts";

const load = (network: boolean) => {
  let time = 0;
  const told: LoadProgress[] = [];
  const { arrived, tell } = withTransfer(
    (p) => told.push(p),
    network,
    () => time,
  );
  return {
    told,
    tell,
    at(ms: number, bytes: number) {
      time = ms;
      arrived(bytes);
    },
  };
};
const reading = { phase: "reading", fraction: 0, detail: "embed", toRead: 1000 } as const;

test("the network's bar tells amount, speed over the last seconds and time left", () => {
  const { told, tell, at } = load(true);
  tell(reading);
  expect(told.at(-1)!.fetched).toEqual({ bytes: 0, total: 1000, bytesPerSecond: 0, secondsLeft: null });
  at(0, 100);
  at(1000, 100);
  expect(told.at(-1)!.fetched).toEqual({ bytes: 200, total: 1000, bytesPerSecond: 200, secondsLeft: 4 });
  // What came more than five seconds ago tells nothing of the speed now.
  at(9000, 50);
  expect(told.at(-1)!.fetched).toMatchObject({ bytes: 250, bytesPerSecond: 100 });
});

test("pieces are told five times a second at most", () => {
  const { told, tell, at } = load(true);
  tell(reading);
  for (let ms = 0; ms <= 1000; ms += 10) at(ms, 1);
  expect(told.length).toBeLessThanOrEqual(6);
});

test("a folder has no such bar, nor has a load that needs no network", () => {
  const folder = load(false);
  folder.tell(reading);
  const cached = load(true);
  cached.tell({ ...reading, toRead: 0 });
  expect([...folder.told, ...cached.told]).toEqual(Array(2).fill({ phase: "reading", fraction: 0, detail: "embed" }));
});
