import { expect, test } from "vitest";
import { loadObstacle, rowWords, shapeWords, statusOf } from "./status.ts";

const info = { label: "The demo model", parameters: 4_400_000, gpuBytes: 6e6, from: "checkpoint" } as const;

test("a loaded model says what it is and where it came from", () => {
  const words = "The demo model is ready: 4.4 M parameters, 6.0 MB on the GPU";
  const still = { busy: false, readying: false };
  expect(statusOf({ info, ...still })).toBe(`${words}.`);
  expect(statusOf({ info: { ...info, from: "cache" }, ...still, busy: true })).toBe(
    `${words}, from this browser's cache.`,
  );
  expect(statusOf({ info, ...still, readying: true })).toMatch(/on the GPU\. Its kernels are being tried and compiled/);
});

test("without one, the bar speaks while it is loaded", () => {
  expect(statusOf({ info: undefined, busy: true, readying: false })).toBe("");
  expect(statusOf({ info: undefined, busy: false, readying: false })).toBe("No model is loaded.");
});

test("what stands against a load, the nearest first", () => {
  const free = { busy: false, running: false, capability: { usable: true } };
  expect(loadObstacle(free)).toBe("");
  expect(loadObstacle({ ...free, busy: true, running: true })).toBe("A model is being loaded.");
  expect(loadObstacle({ ...free, running: true })).toBe("A run is going on with this model: stop and save it first.");
  expect(loadObstacle({ ...free, capability: undefined })).toBe("Looking for a GPU.");
  const problem = { code: "no-webgpu", message: "This browser has no WebGPU.", remedy: "", safe: "" } as const;
  expect(loadObstacle({ ...free, capability: { usable: false, problem } })).toBe("This browser has no WebGPU.");
  expect(loadObstacle({ ...free, capability: { usable: false } })).toBe("This browser cannot train.");
});

test("a row's length is told where the model's pictures ask for more than the default", () => {
  const sizes = { layers: 28, hiddenSize: 2048, imageSize: 32, imageTokens: 1, mostPictureTokens: 1024 };
  expect(shapeWords({ ...sizes, freeSize: true })).toBe(
    "28 layers of 2048, a token for each 32 × 32 pixels of a picture, 1,024 at most.",
  );
  expect(rowWords({ mostPictureTokens: 576, maxLength: 2048 })).toBe("");
  expect(rowWords({ mostPictureTokens: 8829, maxLength: 9984 })).toBe(
    "Its largest pictures take 8,829 tokens: the preset Practical lets a row have 9,984.",
  );
});
