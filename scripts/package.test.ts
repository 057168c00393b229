/** The package is one module, small, without training, and its types say how it is used. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { buildPackage } from "./package.ts";

/** Most that it may weigh (docs/measured.md). */
const MOST_BYTES = 1_650_000;
const MOST_GZIPPED = 560_000;

const root = fileURLToPath(new URL("..", import.meta.url));

const USE = `
import { loadVlm, TabTuneError, vlmCost, type Vlm } from "./tabtune.js";
const { fetchBytes } = await vlmCost({ model: "owner/name" });
const vlm: Vlm = await loadVlm({ model: "owner/name", adapter: [{ path: "adapter_config.json", blob: new Blob() }] });
const answer = vlm.answer({ messages: [{ role: "user", content: "What?" }], images: [new Blob()], sampling: { maxNewTokens: fetchBytes } });
for await (const piece of answer) piece.trim();
// @ts-expect-error a question has messages
vlm.answer({ images: [] });
export const told = (error: TabTuneError): string => error.code + error.remedy;
vlm.dispose();
`;

test("one module and its types", async () => {
  const files = await buildPackage();
  const code = files.get("tabtune.js")!;
  expect(code.length).toBeLessThan(MOST_BYTES);
  expect(gzipSync(code).length).toBeLessThan(MOST_GZIPPED);
  expect(code).not.toMatch(/\bimport\s*\{[^}]*\}\s*from\s*["']/);

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-types-"));
  for (const [name, text] of files) fs.writeFileSync(path.join(folder, name), text);
  fs.writeFileSync(path.join(folder, "use.ts"), USE);
  const options = ["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2023"];
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  const types = ["--lib", "es2023,dom,dom.iterable", "--types", ""];
  execFileSync("node", [tsc, ...options, ...types, path.join(folder, "use.ts")], { cwd: folder, stdio: "pipe" });
  fs.rmSync(folder, { recursive: true });
});
