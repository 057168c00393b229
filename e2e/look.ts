/** What eyes would notice: content wider than the window, and words that their background swallows. */
import { expect, type Page } from "@playwright/test";

export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 900 };

/** Elements that stick out of the window or of their panel to the right, but for what lies in a box that scrolls by itself. */
async function stickingOut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const right = (element: Element | null): number =>
      element?.getBoundingClientRect().right ?? document.documentElement.clientWidth;
    const scrolls = (element: Element | null): boolean =>
      element !== null && (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
    return [...document.body.querySelectorAll("*")]
      .filter((element) => right(element) > right(element.closest(".panel")) + 0.5 && !scrolls(element.parentElement))
      .map((element) => `${element.tagName} "${element.textContent?.slice(0, 40)}"`);
  });
}

/** Visible texts whose contrast is below WCAG AA: 4.5, or 3 for large ones; what is disabled is exempt. */
async function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", {
      willReadFrequently: true,
    })!;
    /** Colours from the element up, painted on each other until one is opaque. */
    const painted = (colours: string[]): number[] => {
      context.clearRect(0, 0, 1, 1);
      for (const colour of colours) {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
      }
      return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    };
    const luminance = (rgb: number[]): number => {
      const [r, g, b] = rgb.map((v) => (v <= 10 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    };
    const faint: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const words = walker.currentNode.textContent!.trim();
      const element = walker.currentNode.parentElement!;
      const { color, fontSize } = getComputedStyle(element);
      if (
        !words ||
        !element.checkVisibility() ||
        element.closest(".visually-hidden, :disabled, label:has(:disabled), noscript")
      )
        continue;
      const backgrounds: string[] = [];
      for (let e: Element | null = element; e; e = e.parentElement)
        backgrounds.unshift(getComputedStyle(e).backgroundColor);
      const back = painted(backgrounds);
      const front = painted([...backgrounds, color]);
      const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a) as [number, number];
      const ratio = (light + 0.05) / (dark + 0.05);
      if (ratio < (Number.parseFloat(fontSize) >= 24 ? 3 : 4.5))
        faint.push(`${ratio.toFixed(2)}: "${words.slice(0, 40)}"`);
    }
    return faint;
  });
}

/** Looks at the page as it is now on a desk and on a phone, by day and by night. */
export async function expectGoodLooks(page: Page): Promise<void> {
  const shots = process.env.TABTUNE_SCREENSHOTS;
  for (const viewport of [PHONE, DESK]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const place = `${viewport.width} px, ${colorScheme}`;
      // For people who polish the page: every state that is tested, to look at.
      if (shots)
        await page.screenshot({ path: `${shots}/${Date.now()}-${viewport.width}-${colorScheme}.png`, fullPage: true });
      const { scroll, inner } = await page.evaluate(() => ({
        scroll: document.scrollingElement!.scrollWidth,
        inner: window.innerWidth,
      }));
      expect.soft(scroll, place).toBeLessThanOrEqual(inner);
      expect.soft(await stickingOut(page), place).toEqual([]);
      expect.soft(await faintTexts(page), `contrast, ${place}`).toEqual([]);
    }
  }
  await page.emulateMedia({ colorScheme: null });
}
