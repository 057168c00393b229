/**
 * Chrome on a Linux without a language (LANG=C) calls its own "en-US@posix", which Intl refuses: libraries that ask it for number formats
 * as they load (uPlot) would take the page down with them. To be imported before them.
 */
try {
  new Intl.NumberFormat(navigator.language);
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  Object.defineProperty(navigator, "language", { value: "en-US" });
}
