import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["workers/**/*.test.ts", "src/**/*.test.ts", "scripts/**/*.test.ts", "bench/**/*.test.ts"],
    environment: "node",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Dawn's device is not shared between threads; processes also keep one crash from taking the others along.
    pool: "forks",
    maxWorkers: 2,
  },
});
