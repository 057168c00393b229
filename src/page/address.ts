/** Places of the page by their addresses, as `#model`. */
export const ADDRESSES = ["model", "data", "train", "result", "storage", "settings"] as const;
export type Address = (typeof ADDRESSES)[number];

export const isAddress = (text: string): text is Address => (ADDRESSES as readonly string[]).includes(text);

/** Resolves when the page is drawn as it is now. */
const drawn = (): Promise<void> =>
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));

/** Shows a place, once the page is drawn as it is now; Back leads to where somebody was. Resolves when the place is in sight. */
export async function goTo(address: Address): Promise<void> {
  await drawn();
  // An address that the page has already is gone to once more.
  if (location.hash === `#${address}`) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = address;
}
