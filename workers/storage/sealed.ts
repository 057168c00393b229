/** Records that know when they were damaged: the SHA-256 of the bytes, a line end, the bytes. */
import { sha256 } from "./sha256.ts";

/** Letters of a hash. */
const HASH = 64;

/** `bytes` under their hash. */
export async function sealBytes(bytes: Uint8Array): Promise<Uint8Array> {
  const sealed = new Uint8Array(HASH + 1 + bytes.length);
  sealed.set(new TextEncoder().encode(`${await sha256(bytes)}\n`));
  sealed.set(bytes, HASH + 1);
  return sealed;
}

/** What `sealBytes` sealed, as a view; undefined where a byte has changed. The caller says what that means. */
export async function unsealBytes(sealed: Uint8Array): Promise<Uint8Array | undefined> {
  if (sealed.length <= HASH || sealed[HASH] !== 10) return undefined;
  const bytes = sealed.subarray(HASH + 1);
  return (await sha256(bytes)) === new TextDecoder().decode(sealed.subarray(0, HASH)) ? bytes : undefined;
}

/** UTF-8 bytes of `value` as JSON under its hash. */
export const sealJson = (value: unknown): Promise<Uint8Array> =>
  sealBytes(new TextEncoder().encode(JSON.stringify(value)));

/** What `sealJson` sealed; undefined where a byte has changed, and where something else was sealed. */
export async function unsealJson(sealed: Uint8Array): Promise<unknown> {
  const json = await unsealBytes(sealed);
  return json && parsed(json);
}

/** Whether `bytes` have the form that `sealBytes` gives: what older versions did not seal has not. */
export const isSealed = (bytes: Uint8Array): boolean =>
  bytes.length > HASH && bytes[HASH] === 10 && /^[0-9a-f]{64}$/.test(new TextDecoder().decode(bytes.subarray(0, HASH)));

/** What `sealBytes` sealed, or what an older version left as it was; undefined where a sealed byte has changed. */
export const unsealed = async (bytes: Uint8Array): Promise<Uint8Array | undefined> =>
  isSealed(bytes) ? unsealBytes(bytes) : bytes;

/** Bytes of JSON; undefined where they are none. */
export function parsed(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(json));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
