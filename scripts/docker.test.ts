/** What the Dockerfile copies and asks for is there. Docker itself is not needed, and does not run here. */
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (file: string): string => fs.readFileSync(root + file, "utf8");
const lines = read("Dockerfile").split("\n");
const ignored = read(".dockerignore").split("\n").filter(Boolean);

test("files that are copied are in the repository, and not left out of the build", () => {
  const own = lines.filter((line) => line.startsWith("COPY ") && !line.includes("--from="));
  const sources = own.flatMap((line) => line.split(" ").slice(1, -1));
  expect(sources).toContain("package-lock.json");
  expect(sources.filter((file) => !fs.existsSync(root + file) || ignored.includes(file))).toEqual([]);
});

test("npm scripts exist, and the site is taken from where the build puts it", () => {
  const { scripts, engines } = JSON.parse(read("package.json"));
  const asked = [...read("Dockerfile").matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!);
  expect(asked.filter((name) => !(name in scripts))).toEqual([]);
  expect(read("Dockerfile")).toContain("--from=build /site/dist ");
  const [, node] = /FROM node:(\d+)/.exec(read("Dockerfile"))!;
  expect(Number(node)).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)![0]));
});

test("what a build needs is not left out of it", () => {
  const { include } = JSON.parse(read("tsconfig.json")) as { include: string[] };
  const needed = [...include.filter((name) => !name.includes("*")), "public", "stubs", "vite.config.ts"];
  expect(needed.filter((name) => ignored.includes(name))).toEqual([]);
});

test("nginx serves from the same place and port, as a user without rights, and keeps what has a hash in its name", () => {
  const conf = read("scripts/nginx.conf");
  expect(conf).toContain("root /usr/share/nginx/html;");
  expect(read("Dockerfile")).toContain("/usr/share/nginx/html\nEXPOSE 8080");
  expect(conf).toContain("listen 8080;");
  expect(read("Dockerfile")).toMatch(/^FROM nginxinc\/nginx-unprivileged:/m);
  expect(/location \/assets\/ \{[^}]*immutable/.test(conf)).toBe(true);
  for (const type of ["mjs", "webmanifest"]) expect(conf).toMatch(new RegExp(`\\b${type};`));
});
