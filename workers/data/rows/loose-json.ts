/**
 * JSON as Python and people write it. Strict JSON is left to JSON.parse; what that refuses is read once more with NaN and Infinity
 * (null), commas behind the last item, and Python's repr: single quotes, True, False, None, tuples.
 * A number whose spelling JavaScript would lose (2.0, 1e3, 20 digits) comes as its text: an answer is trained as it is written.
 * Inside of an object or a list that is an answer it is a number all the same: `isNumeral` says so.
 */

/** Which members of an object or a list are texts of numbers. */
const numerals = new WeakMap<object, Set<string>>();

/** Whether the text at `key` stands for a number that is spelt so. */
export const isNumeral = (holder: object, key: string): boolean => numerals.get(holder)?.has(key) === true;

/** Spellings of numbers that a number does not keep; they may also stand inside of a string, which only costs time. */
const LOSES_SPELLING = /\d\.\d*0(?!\d)|\d[eE][+-]?\d|\d{16}|-0(?![.\d])/;

/** Values nest at most so deep; an honest record has about ten levels. */
const DEPTH = 200;

/** The value of a JSON text or of Python's repr of one. Throws the SyntaxError of JSON.parse where it is neither. */
export function parseLoosely(text: string): unknown {
  let strict: unknown;
  try {
    strict = JSON.parse(text);
  } catch (error) {
    try {
      return new Reader(text).whole();
    } catch {
      throw error;
    }
  }
  if (!LOSES_SPELLING.test(text)) return strict;
  try {
    return new Reader(text).whole();
  } catch {
    return strict; // nested deeper than the reader goes
  }
}

const WORDS = new Map<string, unknown>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["null", null],
  ["None", null],
  ["nan", null],
  ["NaN", null],
  ["Infinity", null],
  ["-Infinity", null],
  ["inf", null],
  ["-inf", null],
]);

class Reader {
  readonly #text: string;
  #at = 0;
  /** The value read last is the text of a number. */
  #numeral = false;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): unknown {
    const value = this.#value(0);
    if (this.#peek() === ",") this.#at += 1; // a line that ends in a comma
    if (this.#peek() !== "") throw this.#error();
    return value;
  }

  #error(): SyntaxError {
    return new SyntaxError(`unexpected text at ${this.#at}`);
  }

  /** The next character that is no white space; "" at the end. */
  #peek(): string {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    return this.#text[this.#at] ?? "";
  }

  #take(expected: string): void {
    if (this.#peek() !== expected) throw this.#error();
    this.#at += 1;
  }

  #value(depth: number): unknown {
    if (depth > DEPTH) throw this.#error();
    const char = this.#peek();
    this.#numeral = false;
    if (char === "{") return this.#object(depth);
    if (char === "[") return this.#list("]", depth);
    if (char === "(") return this.#list(")", depth);
    if (char === '"' || char === "'") return this.#string(char);
    return this.#word();
  }

  #object(depth: number): Record<string, unknown> {
    this.#take("{");
    const members: [string, unknown][] = [];
    const spelt = new Set<string>();
    while (this.#peek() !== "}") {
      const quote = this.#peek();
      if (quote !== '"' && quote !== "'") throw this.#error();
      const key = this.#string(quote);
      this.#take(":");
      members.push([key, this.#value(depth + 1)]);
      if (this.#numeral) spelt.add(key);
      else spelt.delete(key);
      if (this.#peek() !== "}") this.#take(",");
    }
    this.#take("}");
    return this.#whole(Object.fromEntries(members), spelt); // a key __proto__ is a key, nothing more
  }

  #list(end: string, depth: number): unknown[] {
    this.#at += 1;
    const items: unknown[] = [];
    const spelt = new Set<string>();
    while (this.#peek() !== end) {
      items.push(this.#value(depth + 1));
      if (this.#numeral) spelt.add(String(items.length - 1));
      if (this.#peek() !== end) this.#take(",");
    }
    this.#take(end);
    return this.#whole(items, spelt);
  }

  #whole<T extends object>(value: T, spelt: Set<string>): T {
    if (spelt.size > 0) numerals.set(value, spelt);
    this.#numeral = false;
    return value;
  }

  #string(quote: string): string {
    const start = this.#at;
    let end = start + 1;
    for (; this.#text[end] !== quote; end++) {
      if (end >= this.#text.length) throw this.#error();
      if (this.#text[end] === "\\") end += 1;
    }
    this.#at = end + 1;
    return unescaped(this.#text.slice(start + 1, end));
  }

  #word(): unknown {
    const match = /^[-+\w.]+/.exec(this.#text.slice(this.#at, this.#at + 400));
    if (!match) throw this.#error();
    const [word] = match;
    this.#at += word.length;
    if (WORDS.has(word)) return WORDS.get(word);
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(word)) throw this.#error();
    this.#numeral = String(Number(word)) !== word;
    return this.#numeral ? word : Number(word);
  }
}

const ESCAPES = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["b", "\b"],
  ["f", "\f"],
  ["v", "\v"],
  ["0", "\0"],
  ["\n", ""],
]);

/** Escapes of JSON and of Python's repr. Unknown ones stay as they are, as in Python. */
function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(
    /\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|x([\da-fA-F]{2})|([\s\S]))/g,
    (all, u, long, x, char: string) => {
      const code = u ?? long ?? x;
      if (code !== undefined)
        return u === undefined ? codePoint(Number.parseInt(code, 16)) : String.fromCharCode(Number.parseInt(u, 16));
      return ESCAPES.get(char) ?? (/["'\\/]/.test(char) ? char : all);
    },
  );
}

function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
}
