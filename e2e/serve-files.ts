/** A plain host of files, on a port of its own. */
import http from "node:http";
import type { AddressInfo } from "node:net";

const TYPES: Record<string, string> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  json: "application/json",
  webp: "image/webp",
};

/** `read` gives a file by its path, which begins with a slash; undefined: there is none. */
export async function serveFiles(read: (path: string) => Uint8Array | undefined) {
  const site = {
    url: "",
    /** Nobody answers any more. */ down: false,
    asked: [] as string[],
    close: () => server.close(),
  };
  const server = http.createServer((request, response) => {
    if (site.down) return void response.destroy();
    const { pathname } = new URL(request.url!, "http://localhost");
    site.asked.push(pathname);
    const bytes = read(pathname);
    if (!bytes) return void response.writeHead(404).end();
    const type = TYPES[pathname.endsWith("/") ? "html" : pathname.split(".").at(-1)!];
    response.writeHead(200, { "Content-Type": type ?? "application/octet-stream" });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  site.url = `http://localhost:${(server.address() as AddressInfo).port}`;
  return site;
}
