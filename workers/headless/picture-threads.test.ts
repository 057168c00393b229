import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("threads of Node give the pixels of the thread that asks, and refuse what it refuses", () => {
  const images = ["001", "002", "003"].map((name) => `public/demo/data/images/${name}.webp`);
  const script = ["--no-warnings", "scripts/run-ts.mjs", "/workers/testing/picture-threads.ts"];
  const files = [...images, "package.json", images[0]!];
  const said = execFileSync(process.execPath, [...script, "public/demo/model", ...files], { encoding: "utf8" });
  expect(said).toBe("equal equal equal bad-image equal");
});
