/**
 * The focus goes to what took the place of the element that had it: React takes a pressed button away, and the browser would send the
 * focus back to the top of the page.
 */

/** A box around the element that has the focus, and the element's place among those of its kind in it. */
interface Box {
  element: Element;
  index: number;
}

/** A button's place is taken by a button, that of any other control by any control. */
const kindOf = (focused: Element): string =>
  focused.tagName === "BUTTON" ? "button" : "button, a[href], input, select, textarea, summary";

const shownIn = (box: Element, kind: string): HTMLElement[] =>
  [...box.querySelectorAll<HTMLElement>(kind)].filter((element) => element.checkVisibility());

/** The innermost first. */
function boxesOf(focused: Element, kind: string): Box[] {
  const around: Element[] = [];
  for (let element = focused.parentElement; element; element = element.parentElement) around.unshift(element);
  const boxes: Box[] = [];
  // Whether an element is shown is dear to ask: once, and then only which box has it.
  let shown = shownIn(document.documentElement, kind);
  for (const element of around) {
    shown = shown.filter((control) => element.contains(control));
    boxes.unshift({ element, index: shown.indexOf(focused as HTMLElement) });
  }
  return boxes;
}

/** Of the innermost box that is still there and has such elements: the one at the old place, or the last before it. */
function successorOf(boxes: Box[], kind: string): HTMLElement | undefined {
  for (const { element, index } of boxes) {
    const shown = element.isConnected ? shownIn(element, kind) : [];
    const successor = shown[Math.min(index, shown.length - 1)];
    if (successor) return successor;
  }
  return undefined;
}

/** Watches the document; to be called once. */
export function keepFocus(): void {
  let focused: Element | undefined;
  let kind = "";
  let boxes: Box[] = [];
  document.addEventListener("focusin", ({ target }) => {
    focused = target as Element;
    kind = kindOf(focused);
    boxes = boxesOf(focused, kind);
  });
  document.addEventListener("focusout", ({ target }) => {
    // Asked later: when an element is taken away, this comes first. A window in the background keeps its focus.
    setTimeout(() => {
      if (target === focused && focused?.isConnected && document.activeElement !== focused) focused = undefined;
    });
  });
  const watcher = new MutationObserver(() => {
    if (!focused || focused.isConnected) return;
    focused = undefined;
    const [of, around] = [kind, boxes];
    // In a task of its own: to ask what is shown lays the page out, which the change that is under way need not wait for.
    setTimeout(() => {
      // Whoever gave the focus to something else knows better.
      if (document.activeElement === document.body) successorOf(around, of)?.focus();
    });
  });
  watcher.observe(document.body, { childList: true, subtree: true });
}
