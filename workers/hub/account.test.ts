import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hubApi } from "./account.ts";

let server: http.Server;
let place: string;
beforeAll(async () => {
  server = http.createServer((request, response) => {
    if (request.url === "/never") return;
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      response.writeHead(request.url === "/gone" ? 404 : 201, {
        "X-Asked": `${request.method} ${request.headers["x-who"]}`,
      });
      response.end(`said ${Buffer.concat(parts)}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  place = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test.each([
  ["words", "some words"],
  ["bytes of a file", new Blob(["some words"])],
])("%s go to the hub, and its answer comes whole", async (_, body) => {
  const headers: [string, string][] = [["X-Who", "ann"]];
  const answer = await hubApi().ask(1, { url: `${place}/api`, method: "POST", headers, body });
  expect(answer).toMatchObject({ url: `${place}/api`, status: 201 });
  expect(new Headers(answer.headers).get("X-Asked")).toBe("POST ann");
  expect(await answer.body.text()).toBe("said some words");
});

test("a refusal is an answer; nobody there is a TypeError", async () => {
  const get = { method: "GET", headers: [] };
  expect(await hubApi().ask(1, { ...get, url: `${place}/gone` })).toMatchObject({ status: 404 });
  await expect(hubApi().ask(1, { ...get, url: "http://127.0.0.1:1/" })).rejects.toThrow(TypeError);
});

test("one request is ended, and no other", async () => {
  const api = hubApi();
  const [ended, other] = [1, 2].map((id) =>
    api.ask(id, { url: `${place}/${id === 1 ? "never" : "api"}`, method: "GET", headers: [] }),
  );
  api.stop(1);
  await expect(ended).rejects.toMatchObject({ name: "AbortError" });
  expect(await other).toMatchObject({ status: 201 });
});
