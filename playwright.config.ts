/** Browser tests: the production build in a real Chromium, WebGPU on the processor, no network beyond this machine. */
import { defineConfig } from "@playwright/test";
import { chromeFlags, chromePath } from "./scripts/gpu-env.mjs";

const port = 4173;
// A site that is already served (a deployed one, or a build at hand) can be tested too.
const given = process.env.TABTUNE_E2E_URL;

/** What a browser keeps of a first visit that tried the kernels (e2e/verdict.setup.ts). */
export const VISITED = "test-results/visited.json";

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  // The software GPU takes all cores: a second browser beside it would only slow both down.
  workers: 1,
  fullyParallel: false,
  timeout: 300_000,
  expect: { timeout: 30_000 },
  forbidOnly: true,
  reporter: [["list"], ["json", { outputFile: "test-results/e2e.json" }]],
  projects: [
    { name: "first visit", testMatch: "*.setup.ts" },
    // Trying all kernels takes longer than most tests.
    { name: "chromium", testMatch: "*.spec.ts", dependencies: ["first visit"], use: { storageState: VISITED } },
  ],
  use: {
    baseURL: given ?? `http://localhost:${port}`,
    viewport: { width: 1280, height: 900 },
    acceptDownloads: true,
    // A page that was kept by an earlier test would be another one's fault. offline.spec.ts allows them.
    serviceWorkers: "block",
    screenshot: "only-on-failure",
    trace: "off",
    launchOptions: { executablePath: chromePath(), args: chromeFlags },
  },
  webServer: given
    ? undefined
    : {
        command: "npm run build && npm run preview",
        url: `http://localhost:${port}`,
        reuseExistingServer: false,
        timeout: 180_000,
        stdout: "ignore",
        stderr: "pipe",
      },
});
