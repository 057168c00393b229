/** The rooms of src/ lie in one order, and imports go down it only, those of types too. Tests may look anywhere. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = path.dirname(fileURLToPath(import.meta.url));

/** Rooms import those above them; rooms of one line do not import each other. */
const order = [
  ["words"],
  ["page"],
  ["parts"],
  ["stores"],
  ["model", "dataset", "training", "chat", "apply", "runs", "storage"],
  ["app", "demo"],
  ["main.tsx"],
];
const levelOf = (room: string): number => order.findIndex((line) => line.includes(room));

const files = fs
  .readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.tsx?$/.test(file) && !/\.test\.ts$/.test(file));

interface Import {
  file: string;
  target: string;
}

const imports: Import[] = files.flatMap((file) => {
  const text = fs.readFileSync(path.join(src, file), "utf8");
  const statements = text.matchAll(/^(?:import|export) (?:[^;]*?from )?"(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm);
  return [...statements].map((match) => ({
    file,
    target: path.join(path.dirname(file), match[1] ?? match[2]!),
  }));
});
const roomOf = (file: string): string => file.split(path.sep)[0]!;
/** What lies outside src/, or is a style sheet, has an order of its own. */
const inside = imports.filter(({ target }) => !target.startsWith("..") && !target.endsWith(".css"));

test("there are imports to look at", () => {
  expect(inside.length).toBeGreaterThan(150);
});

test("every room has its place", () => {
  const rooms = new Set(files.map(roomOf));
  expect([...rooms].filter((room) => levelOf(room) < 0)).toEqual([]);
});

test("imports go down the rooms only", () => {
  const wrong = inside.filter(({ file, target }) => {
    const [from, to] = [roomOf(file), roomOf(target)];
    return from !== to && levelOf(to) >= levelOf(from);
  });
  expect(wrong.map((i) => `${i.file} -> ${i.target}`)).toEqual([]);
});

test("no files import each other in a circle", () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const follow = (file: string, way: string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(" -> "));
    if (way.includes(file) || done.has(file)) return;
    for (const { target } of inside.filter((i) => i.file === file)) follow(target, [...way, file]);
    done.add(file);
  };
  for (const file of files) follow(file, []);
  expect(circles).toEqual([]);
});

test("only the wiring subscribes to stores", () => {
  const subscribers = files.filter((file) => /\.subscribe\(/.test(fs.readFileSync(path.join(src, file), "utf8")));
  expect(subscribers).toEqual([path.join("app", "wiring.ts")]);
});
