/**
 * Finds a Vulkan driver for WebGPU in Node and a Chromium for browser tests. What is installed is used; else both come out of
 * the npm package @sparticuz/chromium (a headless Chromium with SwiftShader, made for bare servers), unpacked once into `.cache/`.
 * Beside them lie the few libraries and the font that a bare Linux lacks, so nothing has to be installed.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
/** Beside this repository's libraries, or beside the installed command line's. */
const packed = [root, path.resolve(root, "../..")]
  .map((folder) => path.join(folder, "node_modules/@sparticuz/chromium"))
  .find(fs.existsSync);
/** An installed command line leaves nothing among its own files: it may not be allowed to. */
const cache = packed?.startsWith(path.join(root, path.sep))
  ? path.join(root, ".cache")
  : path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "tabtune");

/** Flags that give a page WebGPU on the processor, and keep Chromium's own errands off the network. */
export const chromeFlags = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** The oldest Chromium whose WebGPU the page is tested on. */
const OLDEST_CHROME = 140;

const systemChromes = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];
const systemDriver = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** TABTUNE_NO_SYSTEM_CHROME=1 pretends that no Chromium is installed: how the tests see what a fresh machine sees. */
const useSystem = process.env.TABTUNE_NO_SYSTEM_CHROME !== "1";

/** Unpacks the package once a version; returns the folder. */
function unpackedChromium() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error("No Chromium was found. Install Chrome, or set TABTUNE_CHROME to the binary of one.");
  }
  if (!packed) throw new Error("The npm package @sparticuz/chromium, which has a software GPU, is not installed.");
  const { version } = JSON.parse(fs.readFileSync(path.join(packed, "package.json"), "utf8"));
  const folder = path.join(cache, `chromium-${version}`);
  if (fs.existsSync(folder)) return folder;
  console.error(`Unpacking Chromium ${version} into ${cache} (once) …`);
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  // Renamed when it is whole: an interrupted unpacking must not look finished.
  const part = fs.mkdtempSync(`${folder}-part-`);
  const unpack = (name) => zlib.brotliDecompressSync(fs.readFileSync(path.join(packed, "bin", `${name}.br`)));
  for (const name of ["swiftshader.tar", "al2023.tar", "fonts.tar"]) {
    execFileSync("tar", ["-x", "--no-same-owner", "-C", part, "-f", "-"], { input: unpack(name) });
  }
  fs.writeFileSync(path.join(part, "chromium"), unpack("chromium"), { mode: 0o755 });
  // Open Sans where no font of that name is installed, as for system-ui: else the first of the machine's list, if it is a typewriter's.
  fs.writeFileSync(
    path.join(part, "fonts.conf"),
    `<?xml version="1.0"?>
<fontconfig>
  <dir>/usr/share/fonts</dir><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir>
  <match><edit name="family" mode="append_last"><string>Open Sans</string></edit></match>
</fontconfig>
`,
  );
  // A launcher, because the binary finds the libraries beside it only through the environment.
  fs.writeFileSync(
    path.join(part, "launch"),
    `#!/bin/sh
here="\${0%/*}"
export LD_LIBRARY_PATH="$here:$here/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/chromium" "$@"
`,
    { mode: 0o755 },
  );
  try {
    fs.renameSync(part, folder);
  } catch (error) {
    // Another process was faster.
    if (!fs.existsSync(folder)) throw error;
    fs.rmSync(part, { recursive: true });
  }
  return folder;
}

const systemLoader = path.join(path.dirname(systemDriver), "libvulkan.so.1");
const hasSystemDriver = () => useSystem && fs.existsSync(systemDriver) && fs.existsSync(systemLoader);

/** The ICD file of SwiftShader: Debian's Chromium has one; else the npm package's. */
export function softwareDriver() {
  return hasSystemDriver() ? systemDriver : path.join(unpackedChromium(), "vk_swiftshader_icd.json");
}

/**
 * Environment for a Node process that uses WebGPU. TABTUNE_VK_ICD overrides; `software` forces SwiftShader (tests). Where an installed command
 * line has no SwiftShader, the machine's own loader looks for what there is: the engine tells when that is nothing.
 */
export function gpuEnv({ software = false } = {}) {
  const env = { ...process.env };
  const hasGpu = fs.existsSync("/dev/dri") || fs.existsSync("/dev/nvidia0") || process.platform !== "linux";
  const hasSoftware = software || hasSystemDriver() || packed !== undefined;
  const icd = process.env.TABTUNE_VK_ICD ?? ((hasGpu && !software) || !hasSoftware ? undefined : softwareDriver());
  if (!icd) return env;
  env.VK_ICD_FILENAMES = icd;
  env.VK_DRIVER_FILES = icd;
  // Dawn opens libvulkan.so.1 by name; the loader lies beside the driver in both packages.
  const loaders = [path.dirname(icd), hasSoftware && path.dirname(softwareDriver()), process.env.LD_LIBRARY_PATH];
  env.LD_LIBRARY_PATH = loaders.filter(Boolean).join(":");
  return env;
}

/** True for a Chromium that starts and is new enough (Ubuntu's chromium-browser may be a stub that only asks for a snap). */
function works(binary) {
  if (!fs.existsSync(binary)) return false;
  // On Windows `--version` opens a window instead of answering.
  if (process.platform === "win32") return true;
  try {
    const version = execFileSync(binary, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return Number(/(\d+)\./.exec(version)?.[1]) >= OLDEST_CHROME;
  } catch {
    return false;
  }
}

/** How measuring scripts open a browser: as the tests do, in English, and without a service worker. */
export const chromeLaunch = () => ({
  executablePath: chromePath(),
  args: chromeFlags,
  headless: true,
  locale: "en-US",
  serviceWorkers: "block",
});

/** Path of a Chromium that can run WebGPU on SwiftShader. TABTUNE_CHROME overrides. */
export function chromePath() {
  const given = process.env.TABTUNE_CHROME;
  if (given && !fs.existsSync(given)) throw new Error(`TABTUNE_CHROME names ${given}, which is not there.`);
  const found = given || (useSystem && systemChromes.find(works));
  return found || path.join(unpackedChromium(), "launch");
}
