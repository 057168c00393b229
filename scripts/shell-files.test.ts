/** What the service worker keeps: all that the page leads to, and nothing that other pages or the demo need. */
import { expect, test } from "vitest";
import { lateBytes, reachable, versionOf } from "./shell-files.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const files = new Map(
  Object.entries({
    "index.html": '<link href="./icon.svg"><link href="./app.webmanifest"><script src="./assets/index-a1.js"></script>',
    "bench.html": '<script src="./assets/bench-b1.js"></script>',
    "icon.svg": "<svg/>",
    "icon.png": "png",
    "app.webmanifest": '{"icons":[{"src":"./icon.png"}]}',
    "assets/index-a1.js":
      'import("./lazy-a2.js"); new Worker(new URL("engine-a3.js", import.meta.url)); "./bench.html"; "recipe.json"',
    "assets/lazy-a2.js": "",
    "assets/engine-a3.js": 'new URL("decoder-a4.wasm", import.meta.url)',
    "assets/decoder-a4.wasm": "wasm",
    "assets/bench-b1.js": 'new URL("ort-b2.wasm", import.meta.url)',
    "assets/ort-b2.wasm": "26 MB",
    "demo/recipe.json": "{}",
  }).map(([name, text]) => [name, bytes(text)]),
);

test("scripts, workers, lazy parts and wasm of the page are its shell", () => {
  const { shell, onFetch } = versionOf(files);
  expect(Object.keys(shell)).toEqual([
    "app.webmanifest",
    "assets/decoder-a4.wasm",
    "assets/engine-a3.js",
    "assets/index-a1.js",
    "assets/lazy-a2.js",
    "icon.png",
    "icon.svg",
    "index.html",
  ]);
  expect(Object.keys(onFetch)).toEqual(["assets/bench-b1.js", "assets/ort-b2.wasm", "bench.html", "demo/recipe.json"]);
  // printf wasm | sha256sum
  expect(shell["assets/decoder-a4.wasm"]).toEqual(["336154bf67f765f8", 4]);
});

test("a version is named after its files", () => {
  const changed = new Map(files).set("assets/lazy-a2.js", bytes("changed"));
  expect(versionOf(files).name).toBe(versionOf(new Map([...files].reverse())).name);
  expect(versionOf(changed).name).not.toBe(versionOf(files).name);
});

test("another page is not followed", () => {
  expect(reachable(files, "index.html").has("bench.html")).toBe(false);
  expect([...reachable(files, "bench.html")]).toEqual(["bench.html", "assets/bench-b1.js", "assets/ort-b2.wasm"]);
});

test("what a page fetches later is added up, without what it begins with", () => {
  const gzipped = expect.any(Number);
  expect(lateBytes(files, "bench.html")).toEqual({ bytes: 5, gzipped, largest: 5, largestGzipped: gzipped });
  expect(lateBytes(files, "index.html").bytes).toBe(
    "png".length + "wasm".length + files.get("assets/engine-a3.js")!.length,
  );
});
