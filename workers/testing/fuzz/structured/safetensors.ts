/** Safetensors whose header is changed as JSON is, with lengths that agree or do not. */
import type { Random } from "../mutate.ts";
import { mutateJson } from "./json.ts";

export function mutateSafetensors(bytes: Uint8Array, random: Random): { bytes: Uint8Array; how: string } {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as unknown;
  const { text, how } = mutateJson(header, random);
  const head = new TextEncoder().encode(text);
  const data = bytes.subarray(8 + length);
  const told = [head.length, head.length, head.length, length, head.length + 1, 2 ** 40, 2 ** 52, 0][random(8)]!;
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(told), true);
  const cut = random(6) === 0 ? data.subarray(0, random(data.length)) : data;
  return { bytes: new Uint8Array(Buffer.concat([prefix, head, cut])), how: `header: ${how}` };
}
