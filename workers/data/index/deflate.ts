/** Raw deflate by the platform, of bytes that lie in memory. */

const through = async (bytes: Uint8Array, by: CompressionStream | DecompressionStream): Promise<Uint8Array> =>
  new Uint8Array(await new Response(new Blob([new Uint8Array(bytes)]).stream().pipeThrough(by)).arrayBuffer());

export const deflated = (bytes: Uint8Array): Promise<Uint8Array> =>
  through(bytes, new CompressionStream("deflate-raw"));

/** Throws the platform's error for bytes that `deflated` did not make. */
export const inflated = (bytes: Uint8Array): Promise<Uint8Array> =>
  through(bytes, new DecompressionStream("deflate-raw"));
