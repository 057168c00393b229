/** What is shipped of others may be shipped, is listed, and runs nothing when it is installed. */
import fs from "node:fs";
import { expect, test } from "vitest";
import { ALLOWED, lockedPackages, shipped, TABLE, table } from "./licences.ts";

const read = (file: string): string => fs.readFileSync(new URL(`../${file}`, import.meta.url), "utf8");

test("no licence is shipped that asks for more than its notice", () => {
  expect(shipped().length).toBeGreaterThan(15);
  expect(shipped().filter(({ licence }) => !ALLOWED.includes(licence))).toEqual([]);
});

test("the list is that of the lock file", () => {
  expect(read(TABLE)).toBe(table());
});

test("what a package needs when it runs is one library", () => {
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
  expect(Object.keys(dependencies)).toEqual(["webgpu"]);
});

test("npm ci runs no script of anybody", () => {
  expect(read(".npmrc")).toMatch(/^ignore-scripts=true$/m);
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const byItself = ["preinstall", "install", "postinstall", "prepare", "prepublish"];
  expect(Object.keys(scripts).filter((name) => byItself.includes(name))).toEqual([]);
  // Known ones that would like to: nothing here needs what they do.
  const wish = Object.entries(lockedPackages()).filter(([, { hasInstallScript }]) => hasInstallScript);
  expect(wish.map(([place]) => place).sort()).toEqual(["node_modules/protobufjs", "node_modules/webgpu"]);
});

test("every package comes from the registry, with a hash, or is the empty stub of this repository", () => {
  const strange = Object.entries(lockedPackages()).filter(([place, entry]) => {
    const { resolved = "", integrity = "", link, optional } = entry;
    if (place === "" || place.endsWith("stubs/empty") || (link && resolved.endsWith("stubs/empty"))) return false;
    const fromRegistry = resolved === "" || resolved.startsWith("https://registry.npmjs.org/");
    // npm writes no hash for binaries of other platforms.
    return !fromRegistry || !(integrity.startsWith("sha512-") || optional);
  });
  expect(strange.map(([place]) => place)).toEqual([]);
});
