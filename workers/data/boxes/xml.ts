/** As much of XML as annotations use: elements and their texts. No document type, no entities but the five, nothing fetched. */

export interface XmlElement {
  name: string;
  text: string;
  children: XmlElement[];
}

/** Nested so deeply, annotations are none. */
const MOST_DEPTH = 64;

const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[^<>]*>|<![^<>]*>|<\/([^\s<>]+)\s*>|<([^\s/<>]+)[^<>]*?(\/?)>|([^<]+)/g;
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
  for (const [whole, cdata, closed, opened, empty, words] of text.matchAll(TOKEN)) {
    const last = open.at(-1)!;
    if (cdata !== undefined) last.text += cdata;
    else if (words !== undefined) last.text += unescaped(words);
    else if (closed !== undefined) {
      if (last.name !== closed || open.length === 1) throw new Error(`its tag ${whole} closes nothing that is open`);
      open.pop();
    } else if (opened !== undefined) {
      const element: XmlElement = { name: opened, text: "", children: [] };
      last.children.push(element);
      if (empty !== "/") open.push(element);
      if (open.length > MOST_DEPTH) throw new Error(`it is nested more than ${MOST_DEPTH} deep`);
    }
  }
  if (open.length > 1) throw new Error(`its tag <${open.at(-1)!.name}> is never closed`);
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
