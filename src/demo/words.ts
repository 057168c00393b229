/** The sentences of a demo page, in its visitor's language: these alone, so that the page is small. */
import { demoPage as de } from "../words/de/demo-page.ts";
import { demoPage as en } from "../words/en/demo-page.ts";
import { languageOfBrowser } from "../words/languages.ts";

export const tag = languageOfBrowser(navigator.languages);

export const say: typeof en = { en, de }[tag];

const number = (n: number, digits: number, unit: string): string =>
  new Intl.NumberFormat(tag, { style: "unit", unit, maximumFractionDigits: digits }).format(n);

export const bytes = (n: number): string =>
  n < 1e6 ? number(n / 1e3, 0, "kilobyte") : n < 1e9 ? number(n / 1e6, 0, "megabyte") : number(n / 1e9, 2, "gigabyte");

export const percent = (share: number): string =>
  new Intl.NumberFormat(tag, { style: "percent", maximumFractionDigits: 0 }).format(share);

export const seconds = (n: number): string =>
  n < 90 ? number(Math.max(1, Math.round(n)), 0, "second") : number(Math.round(n / 60), 0, "minute");
