/**
 * Names in a zip that are neither marked as UTF-8 nor are UTF-8: Windows writes them in the encoding of its language. Chinese and Japanese
 * ones can be told apart by their bytes (GB 2312: both bytes of a character from A1 on; Shift-JIS: the first below A0 or from E0 on).
 */

/** Of names with such bytes: how they are read, for people and for TextDecoder. */
export interface NameEncoding {
  name: string;
  label: string;
}

const GBK: NameEncoding = { name: "GBK", label: "gb18030" };
const SHIFT_JIS: NameEncoding = { name: "Shift-JIS", label: "shift_jis" };
const HALF_WIDTH = /[\uff61-\uff9f]/;

/** The encoding in which all of `names` are plausible; undefined where there is none. */
export function encodingOf(names: readonly Uint8Array[]): NameEncoding | undefined {
  const pairs = names.flatMap(pairsOf);
  const share = (fits: (lead: number, trail: number) => boolean) =>
    pairs.filter(([lead, trail]) => fits(lead, trail)).length / Math.max(1, pairs.length);
  const chinese = share((lead, trail) => lead >= 0xa1 && lead <= 0xf7 && trail >= 0xa1);
  if (chinese >= 0.8 && decoded(names, GBK)) return GBK;
  // A letter with an accent in front of a plain one (CP437) looks like a character whose second byte is ASCII.
  const japanese = share((_, trail) => trail >= 0x80);
  const texts = japanese >= 1 / 3 ? decoded(names, SHIFT_JIS) : undefined;
  return texts && !texts.some((text) => HALF_WIDTH.test(text)) ? SHIFT_JIS : undefined;
}

/** Bytes above ASCII with the one behind each, as both encodings pair them. */
function pairsOf(name: Uint8Array): [lead: number, trail: number][] {
  const pairs: [number, number][] = [];
  for (let i = 0; i < name.length; i++) if (name[i]! >= 0x80) pairs.push([name[i]!, name[++i] ?? 0]);
  return pairs;
}

function decoded(names: readonly Uint8Array[], { label }: NameEncoding): string[] | undefined {
  const decoder = new TextDecoder(label, { fatal: true });
  try {
    return names.map((name) => decoder.decode(name));
  } catch {
    return undefined;
  }
}
