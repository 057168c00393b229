/** What JSON.parse keeps to itself: it takes the last of two equal keys without a word. */

/** The first key that an object in `text`, which must be valid JSON, has twice; undefined when there is none. */
export function duplicateKey(text: string): string | undefined {
  /** Keys of the objects we are in; undefined stands for a list. */
  const open: (Set<string> | undefined)[] = [];
  let keyNext = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case "{":
        open.push(new Set());
        keyNext = true;
        break;
      case "[":
        open.push(undefined);
        keyNext = false;
        break;
      case "}":
      case "]":
        open.pop();
        keyNext = false;
        break;
      case ",":
        keyNext = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (keyNext) {
          const key = JSON.parse(text.slice(at, end)) as string;
          if (open.at(-1)!.has(key)) return key;
          open.at(-1)!.add(key);
          keyNext = false;
        }
        at = end - 1;
      }
    }
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}
