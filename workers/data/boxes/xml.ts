/** As much of XML as annotations use: elements and their texts. No document type, no entities but the five, nothing fetched. */

export interface XmlElement {
  name: string;
  text: string;
  children: XmlElement[];
}

/** Nested so deeply, annotations are none. */
const MOST_DEPTH = 64;

/** Where a comment or a text as it stands begins, a tag, or a text. Each is linear in what it reads: nobody vets these files. */
const TOKEN = /<!--|<!\[CDATA\[|<([^<>]*)>|([^<]+)/g;
const ENDS: Record<string, string> = { "<!--": "-->", "<![CDATA[": "]]>" };
const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(#x?[0-9a-f]+|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return ENTITIES[name.toLowerCase()] ?? whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The root element. Throws an Error where tags do not match. */
export function parseXml(text: string): XmlElement {
  const top: XmlElement = { name: "", text: "", children: [] };
  const open = [top];
  const token = new RegExp(TOKEN);
  for (let found = token.exec(text); found; found = token.exec(text)) {
    const [whole, tag, words] = found;
    const last = open.at(-1)!;
    const end = ENDS[whole];
    if (end !== undefined) {
      const to = text.indexOf(end, token.lastIndex);
      if (to < 0) throw new Error(`its ${whole} is never closed`);
      if (whole !== "<!--") last.text += text.slice(token.lastIndex, to);
      token.lastIndex = to + end.length;
    } else if (words !== undefined) last.text += unescaped(words);
    else if (tag!.startsWith("/")) {
      if (last.name !== tag!.slice(1).trimEnd() || open.length === 1)
        throw new Error(`its tag ${whole.slice(0, 60)} closes nothing that is open`);
      open.pop();
    } else {
      // Declarations, and what has no name.
      const name = /^[^\s/!?]+/.exec(tag!)?.[0];
      if (name === undefined) continue;
      const element: XmlElement = { name, text: "", children: [] };
      last.children.push(element);
      if (!tag!.endsWith("/")) open.push(element);
      if (open.length > MOST_DEPTH) throw new Error(`it is nested more than ${MOST_DEPTH} deep`);
    }
  }
  if (open.length > 1) throw new Error(`its tag <${open.at(-1)!.name.slice(0, 60)}> is never closed`);
  const [root] = top.children;
  if (!root) throw new Error("it has no element");
  return root;
}

export const childrenOf = (element: XmlElement | undefined, name: string): XmlElement[] =>
  (element?.children ?? []).filter((child) => child.name === name);

export const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  childrenOf(element, name)[0];

/** The text of a child; undefined where it is not there or says nothing. */
export const textIn = (element: XmlElement | undefined, name: string): string | undefined =>
  childOf(element, name)?.text.trim() || undefined;
