/**
 * What of others is in the site, the package and the command line, and under which licence: every package whose code is imported by a room
 * that ships, with all that it depends on. `node scripts/run-ts.mjs /scripts/licences.ts` writes docs/third-party.md; a test holds it.
 */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export interface Shipped {
  name: string;
  version: string;
  /** SPDX, as its package says. */
  licence: string;
}

interface Locked {
  version?: string;
  license?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  optional?: boolean;
  hasInstallScript?: boolean;
  dependencies?: Record<string, string>;
}

const root = fileURLToPath(new URL("../", import.meta.url));
export const TABLE = "docs/third-party.md";

/** May be passed on with a notice, in a work under MIT. */
export const ALLOWED = ["MIT", "MIT OR Apache-2.0", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD"];

export const lockedPackages = (): Record<string, Locked> =>
  (JSON.parse(fs.readFileSync(path.join(root, "package-lock.json"), "utf8")) as { packages: Record<string, Locked> })
    .packages;

/** What serves and drives a browser that measures (bench/), and is in nothing that ships. */
const TOOLS = new Set(["vite", "@playwright/test"]);

/** Packages that files of the rooms import; "@a/b/c" and "a/b" are of "@a/b" and "a". */
function imported(): Set<string> {
  const names = new Set<string>(["webgpu"]);
  for (const room of ["src", "workers", "bench"])
    for (const file of fs.readdirSync(path.join(root, room), { recursive: true, encoding: "utf8" })) {
      if (!/\.tsx?$/.test(file) || /\.test\.ts$|(^|\/)testing\//.test(file)) continue;
      const text = fs.readFileSync(path.join(root, room, file), "utf8");
      const own = /^import type [^;]*;$/gm;
      for (const [, name] of text
        .replace(own, "")
        .matchAll(/(?:from|import\(?)\s*"((?:@[\w.-]+\/)?[\w][\w.-]*)(?:\/[^"]*)?"/g))
        if (!name!.startsWith("node:") && !TOOLS.has(name!)) names.add(name!);
    }
  return names;
}

/** In the order of their names. */
export function shipped(): Shipped[] {
  const locked = lockedPackages();
  const found = new Map<string, Shipped>();
  const walk = (name: string, from: string): void => {
    const place = [`${from}/node_modules/${name}`, `node_modules/${name}`].find((at) => at in locked);
    if (!place || found.has(place)) return;
    const { version, license, link, resolved, dependencies } = locked[place]!;
    // A stub of this repository stands for it.
    if (link && resolved?.endsWith("stubs/empty")) return;
    found.set(place, { name, version: version ?? "", licence: license ?? "none" });
    for (const inner of Object.keys(dependencies ?? {})) walk(inner, place);
  };
  for (const name of imported()) walk(name, "");
  // Types are gone when it is built.
  for (const place of found.keys()) if (/@types\/|@webgpu\/types/.test(place)) found.delete(place);
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function table(): string {
  const rows = shipped().map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`);
  return `# Code of others

What the site, its bench, the package and the command line are made of beside the code of this repository (MIT). Each build writes the
licences' texts of what is in it into \`licences.md\`. Made by \`node scripts/run-ts.mjs /scripts/licences.ts\`.

| package | version | licence |
|---|---|---|
${rows.join("\n")}
`;
}

export async function main(): Promise<number> {
  fs.writeFileSync(path.join(root, TABLE), table());
  return 0;
}
