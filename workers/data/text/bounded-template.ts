/**
 * Jinja of strangers: a chat template is a program, and one that never ends would take a worker with it. So rendering has a budget, counted
 * in steps and characters and not in seconds: what is refused here is refused on every machine. The language is the library's own.
 */
import { Environment, Interpreter, Template } from "@huggingface/jinja";

type Statement = Parameters<Interpreter["evaluate"]>[0];
type Value = ReturnType<Interpreter["evaluate"]>;

/** Characters of a template. Published ones have up to some 20,000. */
export const LONGEST_TEMPLATE = 1_000_000;

/** What rendering one conversation may take. A message of a published template takes some 50 steps. */
export const BUDGET = {
  /** Expressions and statements that are evaluated, and turns of loops: less than a second. */
  steps: 200_000,
  /** Characters and items of all values that are made or looked up. */
  volume: 50_000_000,
  /** Characters and items of one value; what it holds twice counts twice, as it would be written. */
  value: 4_000_000,
  /** Characters of a text times those that take the place of each. */
  product: 100_000_000,
  range: 100_000,
  /** Evaluations inside of each other: macros that call themselves. */
  depth: 500,
};

/** Steps that a turn of a loop costs beside those of its body. */
const TURN = 8;

/** A template has spent its budget. */
export class TooMuch extends Error {}

/** A template that is compiled once and rendered within `BUDGET`. */
export class BoundedTemplate {
  readonly #template: Template;

  /** Throws an Error, with the library's words, for what is not valid Jinja. */
  constructor(jinja: string) {
    if (jinja.length > LONGEST_TEMPLATE)
      throw new Error(`it has ${jinja.length} characters, and up to ${LONGEST_TEMPLATE} are read`);
    this.#template = nested(() => new Template(jinja));
  }

  /** Throws an Error with words for what the template refuses, cannot do, or does too much of. */
  render(items: Record<string, unknown>): string {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...globals, ...items })) environment.set(name, value);
    const { value } = nested(() => new BoundedInterpreter(environment).run(this.#template.parsed));
    return String(value);
  }
}

/** What the library declares in `Template.render`, with a `range` that ends. */
const globals: Record<string, unknown> = {
  ...{ true: true, True: true, false: false, False: false, none: null, None: null },
  raise_exception(message: unknown): never {
    throw new Error(String(message));
  },
  range(start: number, stop?: number, step = 1): number[] {
    const [from, to] = stop === undefined ? [0, start] : [start, stop];
    if (step === 0) throw new Error("range() step must not be zero");
    const count = Math.max(0, Math.ceil((to - from) / step));
    if (!(count <= BUDGET.range))
      throw new TooMuch(`it asks for a range of ${count}, and up to ${BUDGET.range} are given`);
    return Array.from({ length: count }, (_, i) => from + i * step);
  },
  strftime_now: (format: string) => clock.render({ format }),
};

const clock = new Template("{{ strftime_now(format) }}");

/** A stack that ends is the template's fault, and told as such. */
function nested<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new TooMuch(`it nests or writes more than a browser can hold: ${cause.message}`, { cause });
  }
}

/** The expression that a loop walks over, before its "if". */
function listOf(loop: object): object {
  const { iterable } = loop as { iterable: { type: string; lhs?: object } };
  return (iterable.type === "SelectExpression" && iterable.lhs) || iterable;
}

interface Node {
  type: string;
  value?: unknown;
  args?: Node[];
  callee?: Node;
  operand?: Node;
  filter?: Node;
  object?: Node;
  property?: Node;
}

/** The text and the arguments of "replace", "join", "indent" and "tojson", as filters and as methods. */
function multiplied(statement: object | undefined): Node[] {
  const node = statement as Node | undefined;
  const call = node?.type === "FilterExpression" ? node.filter : node;
  if (call?.type !== "CallExpression") return [];
  const name = call.callee?.type === "MemberExpression" ? call.callee.property : call.callee;
  if (!["replace", "join", "indent", "tojson"].includes(String(name?.value))) return [];
  const args = (call.args ?? []).map((arg) => (arg.type === "KeywordArgumentExpression" ? (arg.value as Node) : arg));
  return [node?.operand, call.callee?.object, ...args].filter((part) => part !== undefined);
}

class BoundedInterpreter extends Interpreter {
  #steps = 0;
  #volume = 0;
  #depth = 0;
  /** Of lists and objects, which never change. */
  readonly #weights = new WeakMap<object, number>();
  /** Parts of what may make a text as long as their product, which the library makes in one go. */
  readonly #products = new WeakMap<object, { of: number }>();
  /** What loops walk over. */
  readonly #walked = new WeakSet<object>();
  /** Namespaces met while weighing: they change, and so does what holds one. */
  #namespaces = 0;

  override evaluate(statement: Statement, environment: Environment): Value {
    if (statement?.type === "For") this.#walked.add(listOf(statement));
    const parts = multiplied(statement);
    const product = { of: 1 };
    for (const part of parts) this.#products.set(part, product);
    if (++this.#steps > BUDGET.steps)
      throw new TooMuch(`it takes more than ${BUDGET.steps} steps for one conversation`);
    if (++this.#depth > BUDGET.depth) throw new TooMuch(`it calls itself more than ${BUDGET.depth} levels deep`);
    try {
      const value = super.evaluate(statement, environment);
      // A loop without a body evaluates nothing; and what the library makes for a turn takes as long as these steps.
      if (statement && this.#walked.has(statement) && Array.isArray(value.value))
        this.#steps += TURN * value.value.length;
      const isKnown = typeof value.value === "object" && value.value !== null && this.#weights.has(value.value);
      if (!isKnown) this.#volume += this.#weigh(value);
      const made = statement && this.#products.get(statement);
      if (made) made.of *= Math.max(1, typeof value.value === "number" ? value.value : this.#weigh(value));
      if (made && made.of > BUDGET.product) throw new TooMuch("it indents or replaces by more than a text can hold");
      if (this.#volume > BUDGET.volume)
        throw new TooMuch(`it handles more than ${BUDGET.volume} characters for one conversation`);
      return value;
    } finally {
      this.#depth -= 1;
    }
  }

  /** Characters and items of a value as it would be written out. */
  #weigh({ type, value }: Value): number {
    let weight = 1;
    if (typeof value === "string") weight = value.length;
    else if (Array.isArray(value) || value instanceof Map) {
      const known = this.#weights.get(value);
      if (known !== undefined) return known;
      const before = this.#namespaces;
      if (type === "NamespaceValue") this.#namespaces += 1;
      for (const item of value.values()) {
        weight += this.#weigh(item as Value);
        if (weight > BUDGET.value) break;
      }
      if (this.#namespaces === before) this.#weights.set(value, weight);
    }
    if (weight > BUDGET.value) throw new TooMuch(`it makes a value of more than ${BUDGET.value} characters`);
    return weight;
  }
}
