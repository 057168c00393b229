/** The adapter's files as one zip. Stored, not deflated: weights do not shrink. Fixed dates: the same adapter is the same zip. */
import { zipSync } from "fflate";
import { ZIP_DATE } from "../storage/zip.ts";
import { CARD_FILE, CONFIG_FILE, WEIGHTS_FILE } from "./file-names.ts";

/** Zip with adapter_model.safetensors, adapter_config.json and README.md. */
export function bundleAdapter(files: { weights: Uint8Array; config: string; card: string }): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder();
  const options = { level: 0 as const, mtime: ZIP_DATE };
  return zipSync({
    [WEIGHTS_FILE]: [files.weights, options],
    [CONFIG_FILE]: [text.encode(files.config), options],
    [CARD_FILE]: [text.encode(files.card), options],
  });
}
