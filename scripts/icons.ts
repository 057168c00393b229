/**
 * Draws the icons of the installed app from `public/icon.svg`, by the Chromium of the browser tests:
 *
 *     node scripts/run-ts.mjs /scripts/icons.ts
 */
import fs from "node:fs";
import path from "node:path";
import { chromium } from "@playwright/test";
import { chromeFlags, chromePath } from "./gpu-env.mjs";

const folder = path.resolve("public");
const svg = fs.readFileSync(path.join(folder, "icon.svg"), "utf8");

/** `inset`: the share of each side that is left free, in the colour of the icon's ground: a system may cut a mask out of it. */
const icons = [
  { file: "icon-192.png", size: 192, inset: 0 },
  { file: "icon-512.png", size: 512, inset: 0 },
  { file: "icon-maskable-512.png", size: 512, inset: 0.1 },
];

const ground = /<rect[^>]* fill="([^"]+)"/.exec(svg)?.[1];
if (!ground) throw new Error("public/icon.svg has no ground to fill a mask with.");

/** Writes the icons and says their sizes; throws where no Chromium is found. */
export async function main(): Promise<number> {
  const browser = await chromium.launch({ executablePath: chromePath(), args: chromeFlags });
  try {
    for (const { file, size, inset } of icons) {
      const page = await browser.newPage({ viewport: { width: size, height: size } });
      const back = inset > 0 ? `background:${ground};` : "";
      await page.setContent(
        `<style>html{${back}}body{margin:${size * inset}px}svg{display:block;width:${size * (1 - 2 * inset)}px}</style>${svg}`,
      );
      const bytes = await page.screenshot({ path: path.join(folder, file), omitBackground: true });
      console.log(`${file}: ${size} pixels, ${bytes.length} bytes`);
      await page.close();
    }
  } finally {
    await browser.close();
  }
  return 0;
}
