/**
 * `npm run build:cli`: the command line as plain JavaScript in `dist-cli/`, for Node alone. `bundleEngine` also serves pack-engine.mjs: there is
 * one way to make a bundle of the engine. All libraries are in it but `webgpu` (Dawn), whose binary lies beside its script.
 */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/** Writes `tabtune.mjs` (finds a driver), `main.mjs` (begins a command, or a thread of one) and the chunks that they import. */
export async function bundleEngine(outDir) {
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    build: {
      ssr: true,
      outDir,
      emptyOutDir: true,
      target: "node20",
      minify: false,
      // The licences of the libraries that are in it.
      license: { fileName: "licenses.md" },
      rolldownOptions: {
        input: {
          tabtune: path.join(root, "scripts/launch.mjs"),
          main: path.join(root, "scripts/main.mjs"),
        },
        output: { entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" },
      },
    },
    ssr: { noExternal: true, external: ["webgpu"] },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = path.resolve(process.argv[2] ?? path.join(root, "dist-cli"));
  await bundleEngine(out);
  fs.chmodSync(path.join(out, "tabtune.mjs"), 0o755);
  const sizes = fs.readdirSync(out).map((name) => fs.statSync(path.join(out, name)).size);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`${path.relative(root, out)}: ${sizes.length} files, ${(bytes / 1e6).toFixed(2)} MB`);
}
