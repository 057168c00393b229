/** A browser with a profile of its own, which can be killed as a power button does it, and opened again on what it left. */
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type LaunchOptions,
  type Page,
} from "@playwright/test";
import { type FaultPoints, faultPoints } from "../fault-points.ts";
import { SLOW, type Watch, watch } from "../fixtures.ts";
import { lend } from "./full-disk.ts";

export interface SoakBrowser {
  context: BrowserContext;
  page: Page;
  /** Where the engine's writes can be held, in a browser that is to be disturbed. */
  points: FaultPoints | undefined;
  seen: Watch;
}

export interface Launch extends LaunchOptions, Pick<BrowserContextOptions, "baseURL" | "viewport"> {
  profile: string;
}

/** Opens `address` of the site. `disturbed`: its engine can be held, and its disk filled. */
export async function openBrowser(
  { profile, ...launch }: Launch,
  disturbed: boolean,
  address = "/",
): Promise<SoakBrowser> {
  const context = await chromium.launchPersistentContext(profile, {
    ...launch,
    acceptDownloads: true,
    locale: "en-US",
  });
  context.setDefaultTimeout(SLOW);
  const seen = await watch(context);
  const points = disturbed ? await faultPoints(context) : undefined;
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(address);
  if (disturbed) await lend(page);
  return { context, page, points, seen };
}
