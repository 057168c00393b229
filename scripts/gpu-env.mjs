/**
 * Finds a Vulkan driver for WebGPU in Node and a Chromium for browser tests. What is installed is used; else both come out of
 * the npm package @sparticuz/chromium, unpacked once into `.cache/`.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const packed = path.join(root, "node_modules/@sparticuz/chromium/bin");
const cache = path.join(root, ".cache/chromium");

function unpack(name) {
  fs.mkdirSync(cache, { recursive: true });
  const raw = zlib.brotliDecompressSync(fs.readFileSync(path.join(packed, name)));
  const target = path.join(cache, name.replace(/\.br$/, ""));
  // Written under another name first: an interrupted unpacking must not look finished.
  fs.writeFileSync(`${target}.part`, raw, { mode: 0o755 });
  fs.renameSync(`${target}.part`, target);
  if (target.endsWith(".tar")) execFileSync("tar", ["xf", target, "-C", cache]);
  return target;
}

/** The ICD file of SwiftShader: Debian's Chromium has one; else the npm package's. */
export function softwareDriver() {
  const debian = "/usr/lib/chromium/vk_swiftshader_icd.json";
  if (fs.existsSync(debian) && fs.existsSync("/usr/lib/chromium/libvulkan.so.1")) return debian;
  const icd = path.join(cache, "vk_swiftshader_icd.json");
  if (!fs.existsSync(icd)) unpack("swiftshader.tar.br");
  return icd;
}

/** Environment for a Node process that uses WebGPU. TABTUNE_VK_ICD overrides; `software` forces SwiftShader (tests). */
export function gpuEnv({ software = false } = {}) {
  const env = { ...process.env };
  const hasGpu = fs.existsSync("/dev/dri") || fs.existsSync("/dev/nvidia0") || process.platform !== "linux";
  const icd = process.env.TABTUNE_VK_ICD ?? (hasGpu && !software ? undefined : softwareDriver());
  if (!icd) return env;
  env.VK_ICD_FILENAMES = icd;
  env.VK_DRIVER_FILES = icd;
  // Dawn opens libvulkan.so.1 by name; the loader lies beside the driver in both packages.
  const loaders = [path.dirname(icd), path.dirname(softwareDriver()), process.env.LD_LIBRARY_PATH];
  env.LD_LIBRARY_PATH = loaders.filter(Boolean).join(":");
  return env;
}

/** Path of a Chromium that can run WebGPU on SwiftShader. TABTUNE_CHROME overrides. */
export function chromePath() {
  const installed = [
    process.env.TABTUNE_CHROME,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ];
  const found = installed.find((file) => file && fs.existsSync(file));
  if (found) return found;
  const target = path.join(cache, "chromium");
  if (!fs.existsSync(target)) {
    unpack("swiftshader.tar.br");
    unpack("chromium.br");
  }
  return target;
}
