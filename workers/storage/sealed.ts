/** JSON records that know when they were damaged: the SHA-256 of the text, a line end, the text. */
import { sha256 } from "./sha256.ts";

/** UTF-8 bytes of `value` as JSON under its hash. */
export async function sealJson(value: unknown): Promise<Uint8Array> {
  const json = JSON.stringify(value);
  const hash = await sha256(new TextEncoder().encode(json));
  return new TextEncoder().encode(`${hash}\n${json}`);
}

/** What `sealJson` sealed; undefined where a byte has changed. The caller says what that means. */
export async function unsealJson(bytes: Uint8Array): Promise<unknown> {
  const end = 64;
  if (bytes.length <= end || bytes[end] !== 10) return undefined;
  const hash = new TextDecoder().decode(bytes.subarray(0, end));
  const json = bytes.subarray(end + 1);
  return (await sha256(json)) === hash ? JSON.parse(new TextDecoder().decode(json)) : undefined;
}
