/** Annotations of boxes that are wrong in their structure: numbers, ids and nesting in JSON, XML with a document type of ill will, label files and names of classes. */
import { oneMove, pick, type Random } from "../mutate.ts";
import { mutateLines } from "./json.ts";

interface Changed {
  bytes: Uint8Array;
  how: string;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What no coordinate, size or id is, and some that are nearly one. */
const NUMBERS = [
  ...["NaN", "Infinity", "-Infinity", "1e999", "-1e308", "1e308", "1e-320", "-0", "-1", "0", "0x10", "1_000", "1,5"],
  ...["", '""', '"12"', '"x"', "null", "true", "[]", "[1]", "{}", "9007199254740993", "18446744073709551616"],
  ...["4294967296", "1".repeat(400), `0.${"3".repeat(400)}`, "20.5"],
];
const NUMBER = /-?\d+(\.\d+)?/g;

/** One number of a text changed, somewhere. */
function otherNumber(text: string, random: Random): string {
  const all = [...text.matchAll(NUMBER)];
  if (all.length === 0) return text + pick(random, NUMBERS);
  const { index, 0: whole } = pick(random, all);
  return text.slice(0, index) + pick(random, NUMBERS) + text.slice(index + whole.length);
}

function changedLine(bytes: Uint8Array, random: Random, change: (line: string) => string): Uint8Array {
  const lines = decode(bytes).split("\n");
  const full = lines.flatMap((line, i) => (line.trim() === "" ? [] : [i]));
  const at = pick(random, full);
  lines[at] = change(lines[at]!);
  return encode(lines.join("\n"));
}

/** Records with boxes, a record a line: mostly one of them changes. */
export function mutateBoxLines(bytes: Uint8Array, random: Random): Changed {
  const moves: Record<string, (line: string) => string> = {
    "another number": (line) => otherNumber(line, random),
    "a list of another length": (line) =>
      line.replace(/\[([-\d.]+(, ?)?)+\]/, () => {
        const length = pick(random, [0, 1, 2, 3, 5, 6, 20_000]);
        return JSON.stringify(Array.from({ length }, (_, i) => i));
      }),
    "lists in lists": (line) =>
      line.replace(/\[([-\d.]+(, ?)?)+\]/, (list) => `${"[".repeat(50)}${list}${"]".repeat(50)}`),
    "a picture that is not there": (line) => line.replace(/"(image|file_name|imagePath)":"[^"]*"/, '"$1":"gone.png"'),
    "an id that is missing": (line) => line.replace(/"(id|image_id|category_id)":\d+,/, ""),
    "another id": (line) =>
      line.replace(
        /"(id|image_id|category_id)":\d+/,
        (_, key) =>
          `"${key}":${pick(random, ["1", "2", "3", "null", "{}", "[]", '"1"', "1.0", "1e0", "99999999999999999999"])}`,
      ),
    "many things": (line) =>
      line.replace(/\{[^{}]*"(label|bbox)"[^{}]*\}/, (thing) => Array(2000).fill(thing).join(",")),
    "a crowd": (line) => line.replace(/"bbox"/, '"iscrowd":1,"bbox"'),
    "a number for a class": (line) => line.replace(/"(label|category|ref)":"[^"]*"/, '"$1":7'),
    "another mark": (line) =>
      line.replace(/<bbox>|<ref-object>/, () => pick(random, ["", "<bbox><bbox>", "<ref-object>", "<image>"])),
  };
  if (random(3) === 0) return mutateLines(bytes, random);
  const how = pick(random, Object.keys(moves));
  return { bytes: changedLine(bytes, random, moves[how]!), how };
}

/** Ten entities, each ten times the one before: a parser that believes them writes ten billion characters. */
const BOMB = `<!DOCTYPE a [<!ENTITY e0 "cat">${Array.from({ length: 10 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join("")}]>`;
const PIECES = [
  ...[
    "<",
    ">",
    "</",
    "<a",
    "</annotation>",
    "<annotation>",
    "<object>",
    "</object>",
    "<bndbox/>",
    "<!--",
    "-->",
    "<![CDATA[",
  ],
  ...[
    "]]>",
    "<?x",
    "<!DOCTYPE a>",
    "&",
    "&#0;",
    "&#x110000;",
    "&#xd800;",
    "&amp;lt;",
    "\u0000",
    "<a b='>'>",
    "<object/>",
  ],
  ...["<".repeat(5000), "<a>".repeat(5000), `<${"a".repeat(20_000)}`, `</${"a".repeat(20_000)}`, "<!--".repeat(5000)],
  ...[
    `<a${" b".repeat(20_000)}`,
    "<![CDATA[".repeat(3000),
    "&".repeat(20_000),
    `&${"a".repeat(20_000)}`,
    " ".repeat(20_000),
  ],
];

/** An annotation of Pascal VOC, a line an element of it. */
export function mutateXml(bytes: Uint8Array, random: Random): Changed {
  const piece = (): string => pick(random, PIECES);
  const within = (line: string, what: string): string => {
    const at = random(line.length + 1);
    return line.slice(0, at) + what + line.slice(at);
  };
  const moves: Record<string, () => Uint8Array> = {
    "an entity bomb": () =>
      encode(
        BOMB +
          decode(bytes).replace(/<name>[^<]*</, () => `<name>${pick(random, ["&e10;", "&e10;&e10;", "cat&e3;"])}<`),
      ),
    "an entity from elsewhere": () =>
      encode(
        `<!DOCTYPE a [<!ENTITY x SYSTEM "${pick(random, ["file:///etc/passwd", "https://evil.example/x"])}">]>${decode(bytes).replace(/<name>[^<]*</, "<name>&x;<")}`,
      ),
    "another number": () => changedLine(bytes, random, (line) => otherNumber(line, random)),
    "a piece in between": () => changedLine(bytes, random, (line) => within(line, piece())),
    "an element missing": () => changedLine(bytes, random, (line) => line.replace(/<(\w+)>[^<]*<\/\1>/, "")),
    "an element twice": () => changedLine(bytes, random, (line) => line.replace(/<(\w+)>[^<]*<\/\1>/, "$&$&")),
    "a line twice": () => changedLine(bytes, random, (line) => `${line}${line}`),
    "a line missing": () => changedLine(bytes, random, () => ""),
    "a part with a box": () =>
      changedLine(bytes, random, (line) =>
        line.replace(
          "</object>",
          "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></part></object>",
        ),
      ),
    attributes: () =>
      changedLine(bytes, random, (line) => line.replace(/<(\w+)>/, `<$1 a="1" b='${"x".repeat(random(3) * 9000)}'>`)),
    "nested deeply": () => {
      const depth = pick(random, [10, 60, 70, 20_000]);
      return changedLine(bytes, random, (line) => "<a>".repeat(depth) + line + "</a>".repeat(depth));
    },
    "another case": () => changedLine(bytes, random, (line) => line.toUpperCase()),
    "many things": () => changedLine(bytes, random, (line) => line.repeat(2000)),
  };
  return oneMove(moves, random);
}

const WORDS = [
  "x",
  "-1",
  "99999999999999999999",
  "0.5",
  "1",
  "0",
  "nan",
  "inf",
  "1e-3",
  ".5",
  "5.",
  "+0.5",
  "0,5",
  "\u0000",
  "\ufeff",
];

/** A label file of YOLO. */
export function mutateYolo(bytes: Uint8Array, random: Random): Changed {
  const words = (change: (all: string[]) => string[]) => () =>
    changedLine(bytes, random, (line) => change(line.split(" ")).join(" "));
  const moves: Record<string, () => Uint8Array> = {
    "another number": () => changedLine(bytes, random, (line) => otherNumber(line, random)),
    "another word": words((all) => all.with(random(all.length), pick(random, WORDS))),
    "a word missing": words((all) => all.toSpliced(random(all.length), 1)),
    "words more": words((all) => [
      ...all,
      ...Array.from({ length: pick(random, [1, 2, 3, 4, 5, 8001]) }, () => "0.25"),
    ]),
    "another class": words((all) =>
      all.with(0, pick(random, ["1", "2", "7", "-1", "1.0", "1e0", "99999999999999999999"])),
    ),
    "words on lines of their own": () => encode(decode(bytes).replaceAll(" ", "\n")),
    "whole numbers": () =>
      encode(`${decode(bytes).replaceAll(/\d*\.\d+/g, "1")}${"1 0\n".repeat(random(40))}${pick(random, ["", "x"])}`),
    "other white space": () => encode(decode(bytes).replaceAll(" ", pick(random, ["\t", "  ", "\u00a0", "\v"]))),
    "other line ends": () => encode(decode(bytes).replaceAll("\n", pick(random, ["\r\n", "\r", "\n\n", "\u2028"]))),
    "much white space": () => changedLine(bytes, random, (line) => line.replace(" ", " ".repeat(20_000))),
    "many lines": () => changedLine(bytes, random, (line) => `${line}\n`.repeat(2000)),
    nothing: () => encode(pick(random, ["", "\n", " \n "])),
  };
  return oneMove(moves, random);
}

const NAMES = [
  "names: [cat, dog",
  "names: [[cat], [dog]]",
  "names: {0: cat, 1: dog}",
  "names: {1: dog}",
  "names: {99999: cat, 1: dog}",
  "names: {-1: cat, 0: dog}",
  "names:\n  0: cat\n  0: dog",
  "names:\n  4: cat\n",
  "names:\n  99999999999: cat",
  "names:\n- cat\n-dog",
  "names: cat",
  "names: |\n  cat\n  dog",
  "names: *a",
  `a: &a [x,x,x,x]\nb: &b [${"*a,".repeat(9)}]\nnames: [${"*b,".repeat(9)}]`,
  "names: !!python/object/apply:os.system [x]",
  "names: ['cat\\'s', \"do\\\"g\"]",
  `names: {${"1".repeat(20_000)}}`,
  `names: [${'"'.repeat(20_001)}]`,
  `names: [${",".repeat(20_000)}]`,
  `names:\n${" ".repeat(20_000)}`,
  `names: [${"cat,".repeat(20_000)}]`,
  "nc: 2",
];

/** A YAML file of YOLO with the names of classes. */
export function mutateNames(bytes: Uint8Array, random: Random): Changed {
  const moves: Record<string, () => Uint8Array> = {
    "other names": () => encode(pick(random, NAMES)),
    "names below others": () => encode(`${decode(bytes)}\n${pick(random, NAMES)}\n`),
    "another number": () => changedLine(bytes, random, (line) => otherNumber(line, random)),
    "a line twice": () => changedLine(bytes, random, (line) => `${line}\n${line}`),
    "a line missing": () => changedLine(bytes, random, () => ""),
    "a comment": () => changedLine(bytes, random, (line) => line.replace(" ", " # ")),
  };
  return oneMove(moves, random);
}
