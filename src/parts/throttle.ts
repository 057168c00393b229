/** The newest of many texts, not more often than people can listen. */

export interface Throttle {
  /** Says `text` as soon as the pause since the last one is over, if no newer one has come by then; `atOnce` without a pause. */
  say(text: string, atOnce?: boolean): void;
  /** What waits is not said any more. */
  stop(): void;
}

/** Calls `say` at most once in `milliseconds`, with the newest text. A steady stream is heard at that rate, never postponed. */
export function throttle(say: (text: string) => void, milliseconds: number): Throttle {
  let last = Number.NEGATIVE_INFINITY;
  let newest = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const speak = (): void => {
    clearTimeout(timer);
    timer = undefined;
    last = performance.now();
    say(newest);
  };
  return {
    say(text, atOnce = false) {
      newest = text;
      const wait = last + milliseconds - performance.now();
      if (atOnce || wait <= 0) speak();
      else timer ??= setTimeout(speak, wait);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
