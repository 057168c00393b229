/** The address of a hub as people type it. */
import { TabTuneError } from "../errors.ts";

/** The hub that is meant where nobody names one. */
export const HUB = "https://huggingface.co";

/** Without spaces around and slashes at its end. Throws TabTuneError "bad-argument" unless it is https, or http on this machine. */
export function hubAddress(text: string): string {
  const address = text.trim().replace(/\/+$/, "");
  if (!/^(https:\/\/[^/\s?#]+(\/[^\s?#]*)?|http:\/\/(localhost|127\.0\.0\.1)(:\d+)?)$/.test(address)) {
    throw new TabTuneError(
      "bad-argument",
      `"${text}" is not the address of a hub.`,
      `Write an address such as ${HUB}.`,
    );
  }
  return address;
}
