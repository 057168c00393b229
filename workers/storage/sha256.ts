/** SHA-256 through the platform's own crypto.subtle: about 1 GB/s, but whole buffers only. */
import { TabTuneError } from "../errors.ts";

/** The SHA-256 of `bytes` as 64 lower-case hexadecimal digits. Throws where the page is not a secure context (plain http). */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    throw new TabTuneError(
      "internal",
      "This page is not served securely, so the browser offers no SHA-256 to check stored data with.",
      "Open the page over https or on localhost.",
    );
  }
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
