/** A reader of what our GGUF writer may write, by the format's own description. Tests only. */

export interface GgufRead {
  version: number;
  fields: Record<string, unknown>;
  /** Dimensions outermost first, ggml's type number, and the tensor's own bytes. */
  tensors: Map<string, { shape: number[]; type: number; bytes: Uint8Array }>;
}

export function readGguf(file: Uint8Array): GgufRead {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = 4;
  const skip = (bytes: number): number => {
    at += bytes;
    return at - bytes;
  };
  const u32 = (): number => view.getUint32(skip(4), true);
  const u64 = (): number => Number(view.getBigUint64(skip(8), true));
  const text = (): string => {
    const length = u64();
    at += length;
    return new TextDecoder().decode(file.subarray(at - length, at));
  };
  const value = (type: number): unknown => {
    switch (type) {
      case 4:
        return u32();
      case 5:
        return view.getInt32(skip(4), true);
      case 6:
        return view.getFloat32(skip(4), true);
      case 7:
        return view.getUint8(skip(1)) === 1;
      case 8:
        return text();
      case 9: {
        const of = u32();
        return Array.from({ length: u64() }, () => value(of));
      }
      default:
        throw new Error(`type ${type}`);
    }
  };
  if (new TextDecoder().decode(file.subarray(0, 4)) !== "GGUF") throw new Error("no GGUF file");
  const version = u32();
  const count = u64();
  const fields: Record<string, unknown> = {};
  for (let n = u64(); n > 0; n--) {
    const key = text();
    fields[key] = value(u32());
  }
  const infos = Array.from({ length: count }, () => ({
    name: text(),
    shape: Array.from({ length: u32() }, u64).reverse(),
    type: u32(),
    offset: u64(),
  }));
  const start = Math.ceil(at / 32) * 32;
  const tensors = new Map<string, { shape: number[]; type: number; bytes: Uint8Array }>();
  for (const { name, shape, type, offset } of infos) {
    if (offset % 32 !== 0) throw new Error(`${name} begins at ${offset}`);
    const elements = shape.reduce((product, size) => product * size, 1);
    const bytes = type === 8 ? (elements / 32) * 34 : elements * (type === 0 ? 4 : 2);
    if (start + offset + bytes > file.length) throw new Error(`${name} ends behind the file`);
    tensors.set(name, { shape, type, bytes: file.slice(start + offset, start + offset + bytes) });
  }
  return { version, fields, tensors };
}
