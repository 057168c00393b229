/** A push that is stopped: what it leaves at the hub is told. */
import { expect, test } from "vitest";
import { pushSpace } from "./push-space.ts";

/** A hub that makes Spaces, hears of no file, and takes a Space away or does not. */
function stoppedAt(stop: AbortController, deleted: number): typeof fetch {
  return (async (address: string | URL, options?: RequestInit) => {
    const { pathname } = new URL(address);
    if (options?.method === "DELETE") return Response.json({}, { status: deleted });
    if (pathname.endsWith("/repos/create")) return Response.json({ url: "u", id: "1" });
    stop.abort();
    throw new DOMException("stopped", "AbortError");
  }) as typeof fetch;
}

test.each([
  ["is gone again", 200, { code: "cancelled", safe: "The adapter is safe in this browser." }],
  [
    "stays empty",
    403,
    { code: "network", message: "The push was stopped.", safe: expect.stringContaining("stays empty at the hub") },
  ],
])("of a push that was stopped the Space %s", async (_, deleted, told) => {
  const stop = new AbortController();
  const request = { repo: "ann/shapes", token: "hf_x", endpoint: "https://hub.example", visibility: "public" as const };
  const files = new Map([["index.html", new Blob(["<html>"])]]);
  const pushed = pushSpace({
    ...{ ...request, files, title: "t", signal: stop.signal },
    fetchFile: stoppedAt(stop, deleted),
  });
  await expect(pushed).rejects.toMatchObject(told);
});
