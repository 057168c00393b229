/** Chat templates as a stranger could write them: published ones with pieces moved, and pieces that loop, grow, recurse and refuse. */
import { pick, type Random } from "../mutate.ts";

const PIECES = [
  "{% for i in range(1000) %}",
  "{% for i in range(99999999999) %}",
  "{% for m in messages %}",
  "{% for k, v in m.items() %}",
  "{% endfor %}",
  "{% if true %}",
  "{% if m.role == 'user' %}",
  "{% elif x %}",
  "{% else %}",
  "{% endif %}",
  "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
  "{% set n = namespace(x='ab') %}",
  "{% set n.x = n.x ~ n.x %}",
  "{% set n.x = [n.x, n.x] %}",
  "{% set messages = messages + messages %}",
  "{{ messages }}",
  "{{ messages | tojson(indent=4) }}",
  "{{ messages | tojson(indent=99999999) }}",
  "{{ m.content | replace('', m.content) }}",
  "{{ messages[0]['content'] | indent(99999) }}",
  "{{ raise_exception('no') }}",
  "{{ x.y.z }}",
  "{{ 1 / 0 }}",
  "{{ 'a' * 99999999 }}",
  "{{ 10 ** 400 }}",
  "{{ range(5) | list | join(messages) }}",
  "{{ messages | map(attribute='role') | list }}",
  "{{ self }}{{ constructor }}{{ __proto__ }}{{ messages.__proto__ }}{{ ''.constructor.constructor('return 1')() }}",
  "{{ strftime_now('%Y') }}",
  "{{ bos_token }}{{ eos_token }}",
  "{% break %}",
  "{% continue %}",
  "{% include 'x' %}",
  "{#",
  "{%",
  "{{",
  "}}",
  "%}",
  "<image>",
  "\u0000",
  "[".repeat(5000),
  "(".repeat(200),
  "{% if 1 %}".repeat(2000),
  "{{ messages | sort(attribute='content') }}",
  "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
  "{% generation %}",
  "{% call f() %}x{% endcall %}",
  "{% filter upper %}x{% endfilter %}",
];
const TOKEN = /\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|[^{]+|\{/gs;

export function mutateTemplate(jinja: string, random: Random): { text: string; how: string } {
  const parts = jinja.match(TOKEN) ?? [jinja];
  const piece = (): string => PIECES[random(PIECES.length)]!;
  const done: string[] = [];
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(parts.length + 1);
    const moves: Record<string, () => void> = {
      "a piece in between": () => void parts.splice(at, 0, piece()),
      "a piece around": () => void parts.splice(at, 0, piece(), piece(), "{% endfor %}"),
      "a piece missing": () => void parts.splice(at, 1),
      "a piece from elsewhere": () => void parts.splice(at, 0, parts[random(parts.length)] ?? ""),
      "loops inside of each other": () =>
        void parts.splice(
          at,
          0,
          ..."1234"
            .slice(random(4))
            .split("")
            .flatMap(() => [PIECES[random(3)]!]),
          "x",
          ...Array.from({ length: 4 }, () => "{% endfor %}"),
        ),
      "a name changed": () => {
        parts[at] = (parts[at] ?? "").replace(/\w+/, ["x", "0", "loop", "none", "messages"][random(5)]!);
      },
    };
    const name = pick(random, Object.keys(moves));
    moves[name]!();
    done.push(name);
  }
  return { text: parts.join(""), how: done.join(", ") };
}
