/** Sentences that stand in the code of a page: texts of JSX, and strings of more than one word. */
import { parseAst } from "vite";

interface Node {
  type: string;
  [key: string]: unknown;
}

/** Attributes whose strings people read or hear, be they of one word. */
const READ = new Set([
  "alt",
  "aria-label",
  "detail",
  "hint",
  "label",
  "lead",
  "placeholder",
  "reason",
  "title",
  "what",
]);

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";
const hasWord = (text: string): boolean => /\p{L}{2,}/u.test(text);
/** Tags and attributes of a drawing, or of a selector, are no words. */
const unmarked = (text: string): string => text.replaceAll(/<\/?[a-z][^<>]*>/g, " ").replaceAll(/[\w-]+="[^"]*"/g, " ");
function hasWords(text: string): boolean {
  const words = unmarked(text);
  return hasWord(words) && /[\p{L}§]\S*\s+\S*[\p{L}§]/u.test(words);
}
const plain = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

const nameOf = (attribute: Node): string => String((attribute.name as { name: unknown }).name);

/** Wrappers of types around values are looked into. */
const VALUES = ["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"];

function isLeftAside(node: Node): boolean {
  const { type } = node;
  if (type.startsWith("TS")) return !VALUES.includes(type);
  if (type === "JSXAttribute") return nameOf(node) === "className" || nameOf(node).startsWith("data-");
  return type === "ImportDeclaration" || type === "ImportExpression";
}

/** Of code in TypeScript, with or without JSX. Values of templates are written as "§". Types, imports, class names and `data-` attributes are no sentences. */
export function literalsIn(code: string): string[] {
  const found: string[] = [];
  const add = (text: string, isSentence: (text: string) => boolean): void => {
    if (isSentence(text)) found.push(plain(text));
  };
  const visit = (node: Node): void => {
    const { type, value } = node;
    if (isLeftAside(node)) return;
    if (type === "JSXText") add(String(value), hasWord);
    if (type === "Literal" && typeof value === "string") add(value, hasWords);
    if (type === "TemplateLiteral") {
      const quasis = node.quasis as { value: { cooked: string } }[];
      add(quasis.map((quasi) => quasi.value.cooked).join("§"), hasWords);
    }
    // A string of more words than one is found as any other.
    if (type === "JSXAttribute" && READ.has(nameOf(node)) && isNode(value) && typeof value.value === "string")
      if (!hasWords(value.value)) add(value.value, hasWord);
    for (const part of Object.values(node).flat()) if (isNode(part)) visit(part);
  };
  visit(parseAst(code, { lang: "tsx" }) as unknown as Node);
  return found;
}
