/** Templates of ill will: each ends within seconds, with a sentence, and without taking memory. */
import { expect, test } from "vitest";
import type { Message } from "../rows/row.ts";
import { BoundedTemplate, LONGEST_TEMPLATE } from "./bounded-template.ts";
import { chooseTemplate, compileTemplate, renderChat } from "./chat-template.ts";

const options = { addGenerationPrompt: false, bosToken: "", eosToken: "</s>" };
const chat: Message[] = [
  { role: "user", content: [{ type: "text", text: "Hi" }] },
  { role: "assistant", content: [{ type: "text", text: "Ho" }] },
];
const say = "{% for m in messages %}{{ m.content }}{% endfor %}";
const loop = (times: number, body: string): string =>
  `${"{% for i in range(1000) %}".repeat(times)}${body}${"{% endfor %}".repeat(times)}`;

const hostile: [name: string, jinja: string, why: RegExp][] = [
  ["nested loops", `${say}${loop(4, "x")}`, /200000 steps/],
  ["nested loops without a body", `${say}${loop(4, "")}`, /200000 steps/],
  ["a range without end", `${say}{% for i in range(10000000000) %}{% endfor %}`, /a range of 10000000000/],
  ["a range of tiny steps", `${say}{{ range(0, 1, 0.000000000001)|length }}`, /a range of 1000000000000/],
  [
    "a text that doubles",
    `{% set n = namespace(x="ab") %}${loop(1, "{% set n.x = n.x ~ n.x %}")}`,
    /4000000 characters/,
  ],
  [
    "a list that doubles",
    `{% set n = namespace(x=[1]) %}${loop(1, "{% set n.x = n.x + n.x %}")}`,
    /4000000 characters/,
  ],
  [
    "lists of lists",
    `{% set n = namespace(x=[1]) %}${loop(1, "{% set n.x = [n.x, n.x] %}")}{{ n.x|tojson }}`,
    /4000000 char/,
  ],
  ["namespaces in themselves", `{% set n = namespace(x=1) %}{% set n.x = [n, n] %}{{ n }}`, /nests|4000000/],
  ["a macro that calls itself", `{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}${say}{{ f() }}`, /levels deep/],
  ["much said often", `{% set x = "${"y".repeat(99_000)}" %}${loop(2, "{{ x }}")}`, /characters/],
  ["an indent as wide as memory", `${say}{{ messages|tojson(indent=99999999) }}`, /indents or replaces/],
  ["an indent of each line", `{{ "a\nb"|indent(99999999) }}`, /indents or replaces/],
  [
    "a text for each letter of a text",
    `{% set n = namespace(x="ab") %}{% for i in range(15) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x|replace("", n.x) }}{{ n.x.replace("a", n.x) }}`,
    /indents or replaces/,
  ],
  ["wide indents", `${say}{{ [1, [2]]|tojson(indent=500000000) }}`, /hold/],
];

test.each(hostile)("%s", (_, jinja, why) => {
  const began = performance.now();
  const heap = process.memoryUsage().heapUsed;
  const render = (): string => renderChat(chat, compileTemplate(jinja, "checkpoint"), options);
  expect(render).toThrow(expect.objectContaining({ code: "unsupported-model", message: expect.stringMatching(why) }));
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(process.memoryUsage().heapUsed - heap).toBeLessThan(3e8);
});

test.each([
  ["brackets", `{{ ${"[".repeat(100_000)} }}`],
  ["ifs", "{% if 1 %}".repeat(80_000)],
  ["length", "x".repeat(LONGEST_TEMPLATE + 1)],
])("a template that nests or is too long is no template: %s", (_, jinja) => {
  expect(() => chooseTemplate({ explicit: jinja, family: "" })).toThrow(
    expect.objectContaining({ code: "bad-recipe" }),
  );
});

test("what the library knows is known", () => {
  const render = (jinja: string): string => new BoundedTemplate(jinja).render({});
  expect(render("{{ range(3)|list }}{{ range(5, 0, -2)|list }}{{ range(2, 5)|length }}")).toBe("[0, 1, 2][5, 3, 1]3");
  expect(render("{{ True }}{{ false }}{{ None is none }}")).toBe("truefalsetrue");
  expect(render('{{ strftime_now("%Y") }}')).toBe(String(new Date().getFullYear()));
  expect(() => render('{{ raise_exception("No.") }}')).toThrow("No.");
});

test("a long conversation with long texts is rendered", () => {
  const long = Array.from({ length: 2000 }, (_, i) => ({
    role: i % 2 === 0 ? ("user" as const) : ("assistant" as const),
    content: [{ type: "text" as const, text: "word ".repeat(200) }],
  }));
  const jinja =
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('order') }}{% endif %}{{ m.role ~ ': ' ~ m.content | trim ~ '\n' }}{% endfor %}";
  expect(renderChat(long, compileTemplate(jinja, "recipe"), options).length).toBeGreaterThan(2_000_000);
});
