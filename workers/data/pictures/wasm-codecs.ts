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

type Instantiate = (
  imports: WebAssembly.Imports,
  receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
) => WebAssembly.Exports;

interface EmscriptenOptions {
  noInitialRun: boolean;
  instantiateWasm: Instantiate;
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
  const codec = await (glue.default as unknown as Factory)(await emscriptenOptions(wasm.default));
  // `false`: leave the pixels as stored; EXIF is ours.
  return (bytes) => codec.decode(bytes, false);
}

async function startWebp(): Promise<Decode> {
  const [glue, wasm] = await Promise.all([
    import("@jsquash/webp/codec/dec/webp_dec.js"),
    import("@jsquash/webp/codec/dec/webp_dec.wasm?url&inline"),
  ]);
  const codec = await (glue.default as unknown as Factory)(await emscriptenOptions(wasm.default));
  return (bytes) => codec.decode(bytes);
}

/** Compiled once each; by its data address. */
const modules = new Map<string, Promise<WebAssembly.Module>>();

function compiled(dataUrl: string): Promise<WebAssembly.Module> {
  const known = modules.get(dataUrl);
  if (known) return known;
  const binary = atob(dataUrl.slice(dataUrl.indexOf(",") + 1));
  const module = WebAssembly.compile(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  modules.set(dataUrl, module);
  return module;
}

async function emscriptenOptions(dataUrl: string): Promise<EmscriptenOptions> {
  const module = await compiled(dataUrl);
  const instantiateWasm: Instantiate = (imports, receive) => {
    const instance = new WebAssembly.Instance(module, imports);
    receive(instance, module);
    return instance.exports;
  };
  // Warnings about odd but readable files are no news to the user; errors come back as exceptions.
  const ignore = () => undefined;
  return { noInitialRun: true, instantiateWasm, print: ignore, printErr: ignore };
}

/**
 * Starts a codec at its first picture, and afresh after an error: libjpeg's error exit leaves the module in no state to go on. `each`: afresh
 * for each picture.
 */
function lazyDecoder(kind: string, start: () => Promise<Decode>, each = false): (bytes: Uint8Array) => Promise<Rgba> {
  let running: Promise<Decode> | undefined;
  const started = (): Promise<Decode> => {
    givePlainImages();
    return start().catch((error) => {
      running = undefined;
      throw error;
    });
  };
  return async (bytes) => {
    if (!each) running ??= started();
    const decode = await (running ?? started());
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

/**
 * RGBA of a still WebP as stored. jSquash's libwebp is of 2020 and has CVE-2023-4863, by which a file may write past its tables: with a memory
 * for each picture it can spoil no pixels but its own. @throws TabTuneError "bad-image"
 */
export const decodeWebp = lazyDecoder("WebP", startWebp, true);
