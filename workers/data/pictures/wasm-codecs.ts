/**
 * JPEG and WebP by the codecs that Pillow links, too (mozjpeg decodes as libjpeg-turbo; libwebp), compiled to WebAssembly by
 * jSquash: the browser and Node give the same pixels. The wasm travels inside the script as base64: no fetch, no path to
 * resolve, so one way serves a Web Worker under a strict CSP ('wasm-unsafe-eval'), vitest and Node.
 */
import { badImage } from "./probe.ts";

export interface Rgba {
  width: number;
  height: number;
  /** [height, width, 4], not premultiplied. */
  data: Uint8ClampedArray;
}

/** As compiled by Emscripten: returns null, or throws, for bytes it cannot read. */
type Decode = (bytes: Uint8Array) => Rgba | null;

interface EmscriptenOptions {
  noInitialRun: boolean;
  wasmBinary: Uint8Array;
  print(text: string): void;
  printErr(text: string): void;
}

/** The glue scripts are typed for Squoosh's own loader; this is what they take and give. */
type Factory = (options: EmscriptenOptions) => Promise<{
  decode(bytes: Uint8Array, preserveOrientation?: boolean): Rgba | null;
}>;

/** What the codecs give their pixels in. A browser's own ImageData would hold the memory until it is collected, also of pixels that were given back. */
class PlainImage implements Rgba {
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
}

/** Before a codec starts: it makes whatever goes by the name of ImageData. In a window, others make some that they draw. */
function givePlainImages(): void {
  if (typeof window === "undefined") Object.assign(globalThis, { ImageData: PlainImage });
}

async function startJpeg(): Promise<Decode> {
  const [glue, wasm] = await Promise.all([
    import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js"),
    import("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm?url&inline"),
  ]);
  const codec = await (glue.default as unknown as Factory)(emscriptenOptions(wasm.default));
  // `false`: leave the pixels as stored; EXIF is ours.
  return (bytes) => codec.decode(bytes, false);
}

async function startWebp(): Promise<Decode> {
  const [glue, wasm] = await Promise.all([
    import("@jsquash/webp/codec/dec/webp_dec.js"),
    import("@jsquash/webp/codec/dec/webp_dec.wasm?url&inline"),
  ]);
  const codec = await (glue.default as unknown as Factory)(emscriptenOptions(wasm.default));
  return (bytes) => codec.decode(bytes);
}

function emscriptenOptions(dataUrl: string): EmscriptenOptions {
  const binary = atob(dataUrl.slice(dataUrl.indexOf(",") + 1));
  const wasmBinary = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  // Warnings about odd but readable files are no news to the user; errors come back as exceptions.
  const ignore = () => undefined;
  return { noInitialRun: true, wasmBinary, print: ignore, printErr: ignore };
}

/** Starts a codec at its first picture, and afresh after an error: libjpeg's error exit leaves the module in no state to go on. */
function lazyDecoder(kind: string, start: () => Promise<Decode>): (bytes: Uint8Array) => Promise<Rgba> {
  let running: Promise<Decode> | undefined;
  return async (bytes) => {
    if (!running) givePlainImages();
    running ??= start().catch((error) => {
      running = undefined;
      throw error;
    });
    const decode = await running;
    let image: Rgba | null;
    try {
      image = decode(bytes);
    } catch (error) {
      running = undefined;
      throw badImage(`is a ${kind} that cannot be decoded`, error);
    }
    if (!image) throw badImage(`is a ${kind} that cannot be decoded`);
    return image;
  };
}

/** RGBA of a JPEG as stored (EXIF orientation not applied). @throws TabTuneError "bad-image" */
export const decodeJpeg = lazyDecoder("JPEG", startJpeg);

/** RGBA of a still WebP as stored. @throws TabTuneError "bad-image" */
export const decodeWebp = lazyDecoder("WebP", startWebp);
