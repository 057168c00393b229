/** Requests over a worker are those of fetch. The worker is here a port with what it does behind it. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import * as Comlink from "comlink";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { hubApi } from "../../workers/hub/account.ts";
import { hubFetch } from "./hub.ts";

let server: http.Server;
let place: string;
/** Those that were opened, the newest last. */
const opened: EventTarget[] = [];

beforeAll(async () => {
  server = http.createServer((request, response) => {
    if (request.url === "/never") return;
    response.writeHead(Number(request.url!.slice(1)), { "X-Who": String(request.headers["x-who"]) }).end("said");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  place = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubGlobal("Worker", function worker() {
    const { port1, port2 } = new MessageChannel();
    Comlink.expose(hubApi(), port2);
    opened.push(port1);
    return Object.assign(port1, { terminate: () => port1.close() });
  });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  vi.unstubAllGlobals();
});

test.each([
  [200, "said"],
  [404, "said"],
  // Without a body, which a Response must not have then either.
  [204, ""],
])("an answer %i is what fetch would give", async (status, body) => {
  const answer = await hubFetch(`${place}/${status}`, { headers: { "X-Who": "ann" } });
  expect([answer.status, answer.url, answer.headers.get("X-Who")]).toEqual([status, `${place}/${status}`, "ann"]);
  expect(await answer.text()).toBe(body);
});

test("a request that is aborted ends, and one whose worker dies is told; the next has a new one", async () => {
  const control = new AbortController();
  const ended = hubFetch(`${place}/never`, { signal: control.signal });
  control.abort();
  await expect(ended).rejects.toMatchObject({ name: "AbortError" });

  const lost = hubFetch(`${place}/never`);
  opened.at(-1)!.dispatchEvent(new Event("messageerror"));
  await expect(lost).rejects.toMatchObject({
    code: "worker-died",
    message: expect.stringMatching(/could not be read/),
  });
  expect((await hubFetch(`${place}/200`)).status).toBe(200);
  expect(opened).toHaveLength(2);
});
