/**
 * Builds the service worker `sw.js` with the list of the files that it keeps: what the page reaches from `index.html`, and what it keeps
 * once it was fetched (the rest: the demo, the bench and its libraries). The dev server has none. Also tells the bench how large these are.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin, type ResolvedConfig } from "vite";
import type { FileFacts, Version } from "../workers/protocol/shell.ts";

const PAGE = "index.html";
/** Fetches large libraries, and says how large before. */
const BENCH = "bench.html";
const WORKER = "sw.js";

/**
 * Files of a build that a page leads to, by their names in the text of those before them: static and lazy scripts, workers, styles,
 * pictures, wasm. Names of built files hold a hash and stand for one file; other pages are not followed, and neither are folders of
 * `public/`, whose files have everyday names.
 */
export function reachable(files: ReadonlyMap<string, Uint8Array>, page: string): Set<string> {
  const found = new Set([page]);
  const isNested = (file: string): boolean => file.includes("/") && !file.startsWith("assets/");
  const others = [...files.keys()].filter((file) => !file.endsWith(".html") && !isNested(file));
  for (const file of found) {
    if (!/\.(html|js|css|webmanifest)$/.test(file)) continue;
    const text = new TextDecoder().decode(files.get(file));
    for (const other of others) if (text.includes(path.posix.basename(other))) found.add(other);
  }
  return found;
}

const factsOf = (bytes: Uint8Array): FileFacts => [
  createHash("sha256").update(bytes).digest("hex").slice(0, 16),
  bytes.length,
];

/** The files of a version, by their paths in the build. */
export function versionOf(files: ReadonlyMap<string, Uint8Array>): Version {
  const page = reachable(files, PAGE);
  const listed = (wanted: (file: string) => boolean): Record<string, FileFacts> =>
    Object.fromEntries(
      [...files]
        .filter(([file]) => wanted(file))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([file, bytes]) => [encodeURI(file), factsOf(bytes)]),
    );
  const shell = listed((file) => page.has(file));
  const onFetch = listed((file) => !page.has(file));
  const [name] = factsOf(new TextEncoder().encode(JSON.stringify([shell, onFetch])));
  return { name, shell, onFetch };
}

/**
 * What a page fetches only when it is wanted, in bytes as they lie and as a host sends them that compresses: what it leads to, without what
 * its own text names. `largest` is the largest of these files.
 */
export function lateBytes(files: ReadonlyMap<string, Uint8Array>, page: string) {
  const text = new TextDecoder().decode(files.get(page));
  const late = [...reachable(files, page)].filter((file) => file !== page && !text.includes(path.posix.basename(file)));
  const sizes = late.map((file) => [files.get(file)!.length, gzipSync(files.get(file)!).length] as const);
  const [bytes, gzipped] = sizes.reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
  const [largest, largestGzipped] = sizes.sort(([a], [b]) => b - a)[0] ?? [0, 0];
  return { bytes, gzipped, largest, largestGzipped };
}

/** The worker as one classic script: every browser that knows service workers takes it. Without a version, `PAGE_VERSION` has to stand before it. */
export async function workerCode(version: Version | undefined, root: string): Promise<string> {
  const built = await build({
    configFile: false,
    root,
    logLevel: "warn",
    publicDir: false,
    define: version ? { PAGE_VERSION: JSON.stringify(version) } : {},
    build: {
      write: false,
      target: "es2023",
      rolldownOptions: { input: "workers/shell.worker.ts", output: { format: "iife", entryFileNames: WORKER } },
    },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((one) => ("output" in one ? one.output : []));
  const [chunk] = outputs;
  if (outputs.length !== 1 || chunk?.type !== "chunk") throw new Error(`${WORKER} has to be one script.`);
  return chunk.code;
}

export function shellWorker(): Plugin {
  let config: ResolvedConfig;
  return {
    name: "shell-worker",
    apply: "build",
    configResolved(resolved) {
      config = resolved;
    },
    async writeBundle({ dir }, bundle) {
      const out = dir ?? path.resolve(config.root, config.build.outDir);
      const fromPublic = fs
        .readdirSync(config.publicDir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(config.publicDir, path.join(entry.parentPath, entry.name)));
      const names = [...Object.keys(bundle), ...fromPublic].map((name) => name.split(path.sep).join("/"));
      // Hidden files are for hosts and hubs.
      const listed = names.filter((name) => !name.split("/").some((part) => part.startsWith(".")));
      const files = new Map(listed.map((name) => [name, fs.readFileSync(path.join(out, name))]));
      const bench = new TextDecoder().decode(files.get(BENCH));
      const sizes = Object.values(lateBytes(files, BENCH)).join(" ");
      const told = bench.replace("</head>", `<meta name="late-bytes" content="${sizes}" /></head>`);
      fs.writeFileSync(path.join(out, BENCH), told);
      files.set(BENCH, Buffer.from(told));
      const version = versionOf(files);
      const code = await workerCode(version, config.root);
      fs.writeFileSync(path.join(out, WORKER), code);
      const sum = Object.values(version.shell).reduce((bytes, [, n]) => bytes + n, 0);
      config.logger.info(
        `${WORKER}: version ${version.name}, ${(code.length / 1000).toFixed(1)} kB; ${Object.keys(version.shell).length} files (${(sum / 1e6).toFixed(2)} MB) are kept on the first visit, ${Object.keys(version.onFetch).length} when they are fetched.`,
      );
    },
  };
}
