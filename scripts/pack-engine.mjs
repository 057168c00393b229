/**
 * `node scripts/pack-engine.mjs OUT.tar.xz`: the headless engine with its Node, Dawn, a Vulkan loader and the demo model in one archive, for a
 * Linux x86-64 machine that has a graphics card and its driver and nothing else: no Node, no npm, no network.
 *
 *     tar -xJf OUT.tar.xz && tabtune/run measure --out card.json
 *
 * `run` takes every headless command; `tabtune/demo` holds a model and data to try. A driver file elsewhere: TABTUNE_VK_ICD.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundleEngine } from "./bundle-engine.mjs";
import { softwareDriver } from "./gpu-env.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const [out] = process.argv.slice(2);
if (!out || process.platform !== "linux" || process.arch !== "x64") {
  console.error("usage, on Linux x86-64: node scripts/pack-engine.mjs OUT.tar.xz");
  process.exit(2);
}

/** A driver beside no loader is found by none: the machine's own comes first, ours where it has none. */
const run = `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
case "$(ldconfig -p 2>/dev/null)" in
  *libvulkan.so.1*) ;;
  *) export LD_LIBRARY_PATH="$here/loader\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" ;;
esac
icd=\${TABTUNE_VK_ICD:-\${VK_DRIVER_FILES:-}}
for file in /usr/share/vulkan/icd.d/nvidia_icd.json /etc/vulkan/icd.d/nvidia_icd.json /usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json; do
  if [ -z "$icd" ] && [ -f "$file" ]; then icd=$file; fi
done
if [ -n "$icd" ]; then export VK_DRIVER_FILES="$icd" VK_ICD_FILENAMES="$icd"; fi
exec "$here/node" --no-warnings "$here/main.mjs" "$@"
`;

const work = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-pack-"));
try {
  const kit = path.join(work, "tabtune");
  await bundleEngine(kit);
  const dawn = path.join(root, "node_modules/webgpu");
  fs.cpSync(dawn, path.join(kit, "node_modules/webgpu"), {
    recursive: true,
    filter: (file) => !/dist\/(?!linux-x64)[^/]+/.test(file),
  });
  fs.cpSync(path.join(root, "public/demo"), path.join(kit, "demo"), { recursive: true });
  fs.mkdirSync(path.join(kit, "loader"));
  const loaders = ["/usr/lib/x86_64-linux-gnu", path.dirname(softwareDriver())];
  const loader = loaders.map((folder) => path.join(folder, "libvulkan.so.1")).find(fs.existsSync);
  fs.cpSync(fs.realpathSync(loader), path.join(kit, "loader/libvulkan.so.1"));
  fs.cpSync(fs.realpathSync(process.execPath), path.join(kit, "node"));
  fs.writeFileSync(path.join(kit, "run"), run, { mode: 0o755 });
  fs.mkdirSync(path.dirname(path.resolve(out)), { recursive: true });
  execFileSync("tar", ["-C", work, "-cJf", path.resolve(out), "tabtune"], { stdio: "inherit" });
  console.log(`${out}: ${(fs.statSync(out).size / 1e6).toFixed(1)} MB`);
} finally {
  fs.rmSync(work, { recursive: true });
}
