/** The demo page is small, and nothing of training is in it. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { buildDemoPage } from "./demo-page.ts";

/** Most that a demo page without its adapter may weigh, as it lies and as a host sends it that compresses (docs/measured.md). */
const MOST_BYTES = 1_300_000;
const MOST_GZIPPED = 450_000;

// A kernel's backward lies beside its forward and is chosen with it: some of their texts come along, and nothing runs them.
test("its bytes are within their limit, and training is not among them", async () => {
  const { files, modules } = await buildDemoPage(fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, ""));
  const sizes = [...files].map(([name, bytes]) => ({ name, bytes: bytes.length, gzipped: gzipSync(bytes).length }));
  const sum = (of: "bytes" | "gzipped"): number => sizes.reduce((all, one) => all + one[of], 0);
  console.log(`demo page: ${sum("bytes")} bytes, ${sum("gzipped")} gzipped, ${files.size} files`);
  expect(sum("bytes")).toBeLessThan(MOST_BYTES);
  expect(sum("gzipped")).toBeLessThan(MOST_GZIPPED);
  expect([...files.keys()]).toEqual(expect.arrayContaining(["index.html", "sw.js"]));
  expect(modules).toContain("workers/vlm/vlm.ts");
  const training =
    /^workers\/(training|self-test|apply|measure|dataset|headless|data\/(batches|shards|index|held-out))\//;
  expect(modules.filter((module) => training.test(module))).toEqual([]);
  // It runs from any folder.
  const page = new TextDecoder().decode(files.get("index.html"));
  expect(page).not.toMatch(/(src|href)="\//);
});
