import fs from "node:fs";
import { defineConfig } from "vitest/config";

const rooms = ["workers", "src", "scripts", "bench", "e2e"];
const files = rooms
  .flatMap((room) =>
    fs
      .readdirSync(`${import.meta.dirname}/${room}`, { recursive: true, encoding: "utf8" })
      .map((name) => `${room}/${name}`),
  )
  .filter((file) => file.endsWith(".test.ts"));

/** Words of a test that leaves something changed for whoever comes next in its process; and rooms whose tests open engines and commands, or train. */
const leaves =
  /\bvi\.(mock|doMock|hoisted|stubGlobal|stubEnv|useFakeTimers|setSystemTime|resetModules)\b|process\.env\b/;
const apart = /^workers\/(engine|headless|measure|training)\//;
const alone = files.filter(
  (file) => apart.test(file) || leaves.test(fs.readFileSync(`${import.meta.dirname}/${file}`, "utf8")),
);

export default defineConfig({
  test: {
    environment: "node",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Dawn's device is not shared between threads; processes also keep one crash from taking the others along.
    pool: "forks",
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "alone", include: alone } },
      // A process for each small file would take longer than its tests, and would compile the same kernels.
      { extends: true, test: { name: "together", include: files.filter((f) => !alone.includes(f)), isolate: false } },
    ],
  },
});
