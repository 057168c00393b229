/** The part of a Blob that reading data needs, so that a file may also lie where no Blob reaches. */

/** A Blob is one. Nothing is read before `arrayBuffer` or `stream` is called. */
export interface ByteSource {
  readonly size: number;
  /** A part, as of a Blob: negative positions count from the end, positions outside are moved in. */
  slice(start?: number, end?: number): ByteSource;
  arrayBuffer(): Promise<ArrayBuffer>;
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}
