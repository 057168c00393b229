/**
 * The package (`npm run package`): `dist-package/tabtune.js`, one ES module without further files, and its types.
 */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const FACE = "workers/vlm/protocol.ts";

/** What the module exports beside types. Its types are workers/vlm/protocol.ts as it stands. */
const VALUES = `
/** What goes wrong: what happened, one thing to do, and what is not lost. */
export declare class TabTuneError extends Error {
  readonly code: string;
  readonly remedy: string;
  readonly safe: string;
}

export declare const loadVlm: VlmDoors["loadVlm"];
export declare const vlmCost: VlmDoors["vlmCost"];
`;

export async function buildPackage(): Promise<Map<string, string>> {
  const built = (await build({
    configFile: false,
    root,
    logLevel: "warn",
    publicDir: false,
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      write: false,
      target: "es2023",
      lib: { entry: "workers/vlm/package.ts", formats: ["es"], fileName: () => "tabtune.js" },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  })) as Rolldown.RolldownOutput | Rolldown.RolldownOutput[];
  const outputs = [built].flat().flatMap(({ output }) => output);
  const [chunk] = outputs;
  if (outputs.length !== 1 || chunk?.type !== "chunk") {
    throw new Error(`The package has to be one module, and is ${outputs.map(({ fileName }) => fileName).join(", ")}.`);
  }
  const { version, license } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  const about = {
    name: "tabtune",
    version,
    license,
    type: "module",
    exports: { types: "./tabtune.d.ts", default: "./tabtune.js" },
  };
  return new Map([
    ["tabtune.js", chunk.code],
    ["tabtune.d.ts", fs.readFileSync(path.join(root, FACE), "utf8") + VALUES],
    ["package.json", `${JSON.stringify(about, null, 2)}\n`],
    ["LICENSE", fs.readFileSync(path.join(root, "LICENSE"), "utf8")],
  ]);
}

/** Writes it, whole: what was there before goes when the new one is made. `folder`: another one than `dist-package`. */
export async function main([folder = "dist-package"]: string[]): Promise<number> {
  const files = await buildPackage();
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) fs.writeFileSync(path.join(folder, name), text);
  const code = files.get("tabtune.js")!;
  console.log(`${folder}/tabtune.js: ${code.length} bytes, ${gzipSync(code).length} gzipped`);
  return 0;
}
