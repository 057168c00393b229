/**
 * Stops the engine in the middle of a write, without a hook in the product: the engine worker's script is served with a few
 * lines before it, which ask the test (by a synchronous request) before each write to IndexedDB. An answer that does not come
 * freezes the worker exactly there, until the test reloads the page or kills the browser.
 */
import type { BrowserContext } from "@playwright/test";

const ASK = "/fault-point";

const prelude = `
for (const name of ["put", "delete"]) {
  const original = IDBObjectStore.prototype[name];
  IDBObjectStore.prototype[name] = function (...args) {
    const key = String(args[name === "put" ? 1 : 0]);
    if (key.startsWith("run/")) {
      const request = new XMLHttpRequest();
      request.open("GET", "${ASK}?" + name + "=" + encodeURIComponent(key), false);
      request.send();
    }
    return original.apply(this, args);
  };
}
`;

export interface FaultPoints {
  /** Freezes the worker before the next write that matches ("put run/…/manifest"); resolves with it when that has happened. */
  holdAt(write: RegExp): Promise<string>;
}

/** Must be called before the page is opened. */
export async function faultPoints(context: BrowserContext): Promise<FaultPoints> {
  let armed: { write: RegExp; reached(write: string): void } | undefined;
  await context.route(/\/assets\/engine\.worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: prelude + (await response.text()) });
  });
  await context.route(
    (url) => url.pathname === ASK,
    async (route) => {
      const [[op, key]] = [...new URL(route.request().url()).searchParams] as [[string, string]];
      const write = `${op} ${key}`;
      if (armed?.write.test(write)) {
        armed.reached(write);
        armed = undefined;
        return; // never answered
      }
      await route.fulfill({ body: "" });
    },
  );
  return {
    holdAt: (write) =>
      new Promise((reached) => {
        armed = { write, reached };
      }),
  };
}
