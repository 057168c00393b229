/** Keys as file names that every file system keeps apart and none gives a meaning to. */

/**
 * `key` with everything but a-z, 0-9, "_" and "-" written as %XX of its UTF-8 bytes: no separators, no dots, no reserved
 * characters, and keys that differ only in case stay apart where names ignore case. Throws for lone surrogates.
 */
export function safeName(key: string): string {
  let name = "";
  for (const character of key) {
    if (/[a-z0-9_-]/.test(character)) name += character;
    else if (character.codePointAt(0)! < 128) name += percent(character.charCodeAt(0));
    else name += encodeURIComponent(character).toLowerCase();
  }
  return name === "" ? "%" : name;
}

/** The key that `safeName` made `name` of; undefined for any other name: a file that somebody else put there. */
export function keyOfSafeName(name: string): string | undefined {
  if (name === "%") return "";
  if (!/^([a-z0-9_-]|%[0-9a-f]{2})*$/.test(name)) return undefined;
  try {
    return decodeURIComponent(name);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function percent(code: number): string {
  return `%${code.toString(16).padStart(2, "0")}`;
}
