/**
 * The rooms of workers/ lie in one order, and imports go down it only (docs/architecture.md). Tests and their helpers in testing/ may
 * look anywhere, and nothing else looks into testing/.
 */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const workers = path.dirname(fileURLToPath(import.meta.url));

/** Rooms of one line may import each other and every line above. */
const order = [
  ["advice.ts", "each-of.ts", "errors.ts", "json.ts", "letter-distance.ts", "markdown.ts", "watchdog.ts", "words.ts"],
  ["metrics"],
  ["recipe.ts", "random", "storage"],
  ["hub"],
  ["gpu"],
  ["data", "weights"],
  ["kernels"],
  ["models"],
  ["adapter"],
  ["training", "chat", "self-test"],
  ["apply", "handover"],
  ["measure"],
  ["protocol"],
  ["engine", "dataset", "shell", "vlm"],
  ["headless"],
];
/** Files at the top of workers/ that start a thread or a process. */
const entries = [
  "engine.worker.ts",
  "vlm.worker.ts",
  "dataset.worker.ts",
  "hub.worker.ts",
  "picture.worker.ts",
  "shell.worker.ts",
  "picture-thread.ts",
  "headless.ts",
];

const levelOf = (room: string): number => order.findIndex((line) => line.includes(room));
/** Everything else is the product. */
const isTest = (file: string): boolean => file.endsWith(".test.ts") || file.includes(`${path.sep}testing${path.sep}`);

function sources(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return sources(full);
    return entry.name.endsWith(".ts") && !isTest(full) ? [full] : [];
  });
}

interface Import {
  file: string;
  target: string;
}

const imports: Import[] = sources(workers).flatMap((full) => {
  const file = path.relative(workers, full);
  const text = fs.readFileSync(full, "utf8");
  return [...text.matchAll(/^(?:import|export) [^;]*?from "(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm)].map((match) => ({
    file,
    target: path.relative(workers, path.resolve(path.dirname(full), match[1] ?? match[2]!)),
  }));
});
const roomOf = (file: string): string => file.split(path.sep)[0]!;

test("there are imports to look at", () => {
  expect(imports.length).toBeGreaterThan(300);
});

test("nothing in workers/ imports the page", () => {
  // Whose version the command line tells.
  const outside = ({ target }: Import): boolean => target.startsWith("..") && target !== "../package.json";
  expect(imports.filter(outside).map((i) => `${i.file} -> ${i.target}`)).toEqual([]);
});

test("every room has its place", () => {
  const rooms = new Set(imports.map(({ file }) => roomOf(file)));
  const unplaced = [...rooms].filter((room) => levelOf(room) < 0 && !entries.includes(room));
  expect(unplaced).toEqual([]);
});

test("imports go down the rooms only, those of types too", () => {
  const wrong = imports.filter(({ file, target }) => {
    const [from, to] = [roomOf(file), roomOf(target)];
    if (from === to || entries.includes(from)) return false;
    return levelOf(to) < 0 || (levelOf(from) >= 0 && levelOf(to) > levelOf(from));
  });
  expect(wrong.map((i) => `${i.file} -> ${i.target}`)).toEqual([]);
});

test("no file imports itself by way of others, not even for a type", () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const follow = (file: string, way: string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(" -> "));
    if (way.includes(file) || done.has(file)) return;
    for (const { target } of imports.filter((i) => i.file === file)) follow(target, [...way, file]);
    done.add(file);
  };
  for (const file of new Set(imports.map((i) => i.file))) follow(file, []);
  expect(circles).toEqual([]);
});
