/** The content policies of the three pages, word by word: whoever opens one wider has to say so here and in SECURITY.md. */
import fs from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);
const read = (file: string): string => fs.readFileSync(new URL(file, root), "utf8");

function policyOf(page: string): Record<string, string> {
  const [, content] = /Content-Security-Policy"\s+content="([^"]*)"/.exec(read(page))!;
  return Object.fromEntries(content!.split("; ").map((rule) => rule.split(/ (.*)/s).slice(0, 2) as [string, string]));
}

const everywhere = {
  "default-src": "'self'",
  "script-src": "'self' 'wasm-unsafe-eval'",
  "img-src": "'self' blob: data:",
  "style-src": "'self'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "object-src": "'none'",
};
const trusted = { "require-trusted-types-for": "'script'", "trusted-types": "default" };

test.each([
  ["index.html", { ...trusted, "worker-src": "'self' blob:", "connect-src": "'self' blob: data:" }],
  ["demo.html", { ...trusted, "worker-src": "'self'", "connect-src": "'self' blob:" }],
  ["bench.html", { "worker-src": "'self' blob:", "connect-src": "'self' blob: data:" }],
])("%s", (page, own) => {
  expect(policyOf(page)).toEqual({ ...everywhere, ...own });
});

test("pages have no script, style or handler in their markup", () => {
  for (const page of ["index.html", "demo.html", "bench.html"]) {
    const html = read(page);
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/i);
  }
});

test("nothing of ours makes markup or code of a text", () => {
  const sinks =
    /dangerouslySetInnerHTML|\b(innerHTML|outerHTML|srcdoc)\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function\(/;
  const files = ["src", "workers"].flatMap((room) =>
    fs.readdirSync(new URL(room, root), { recursive: true, encoding: "utf8" }).map((file) => `${room}/${file}`),
  );
  const code = files.filter((file) => /\.tsx?$/.test(file) && !/\.test\.ts$|\/testing\//.test(file));
  expect(code.length).toBeGreaterThan(300);
  expect(code.filter((file) => sinks.test(read(file)))).toEqual([]);
});

test("the server of the image says what a page cannot say of itself", () => {
  const conf = read("scripts/nginx.conf");
  expect(conf).toContain(`frame-ancestors 'self'`);
  expect(conf).toContain("Referrer-Policy no-referrer");
});

test("SECURITY.md names tests and files that are there", () => {
  const named = [...read("SECURITY.md").matchAll(/`((?:workers|src|e2e|scripts|docs)\/[\w./-]+\.\w+)`/g)];
  expect(named.length).toBeGreaterThan(15);
  expect(named.map(([, file]) => file!).filter((file) => !fs.existsSync(new URL(file, root)))).toEqual([]);
});
