/**
 * A site of a test's own in front of the build that is served: it counts what is fetched, may be down, and may deploy a newer version,
 * from a sub-folder, as many are served.
 */
import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import zlib from "node:zlib";
import { test as base } from "./fixtures.ts";

export interface Fetched {
  path: string;
  /** As `Date.now()`. */
  at: number;
  bytes: number;
  gzipped: number;
  /** By the service worker itself, for later. */
  ahead: boolean;
}

export interface Site {
  url: string;
  fetched: Fetched[];
  /** Nobody answers any more. */
  down: boolean;
  /** Serves a newer version from now on, whose page has `<meta name="test-version">`. `gone` is a file that it no longer has. */
  deploy(gone: RegExp): Promise<void>;
  close(): Promise<void>;
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

export interface SiteOptions {
  /** Where the site lies, with a slash at both ends. */
  folder?: string;
  /** With COOP and COEP, as the dev server; many hosts cannot send them. */
  isolated?: boolean;
}

export async function openSite(
  upstream: string,
  { folder = "/tabtune/", isolated = true }: SiteOptions = {},
): Promise<Site> {
  const fetched: Fetched[] = [];
  /** What the newer version has in place of the build's; null: no longer there. */
  const changed = new Map<string, string | null>();
  const textOf = async (path: string): Promise<string> => (await fetch(new URL(path, upstream))).text();

  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, "http://localhost");
    if (site.down) {
      response.destroy();
      return;
    }
    if (!pathname.startsWith(folder)) {
      response.writeHead(404).end();
      return;
    }
    const path = pathname.slice(folder.length);
    const own = changed.get(path || "index.html");
    const found = await fetch(new URL(path, upstream));
    const bytes = own ? Buffer.from(own) : Buffer.from(await found.arrayBuffer());
    const status = own === null ? 404 : found.status;
    const ahead = request.headers.referer?.endsWith("/sw.js") === true;
    fetched.push({ path, at: Date.now(), bytes: bytes.length, gzipped: zlib.gzipSync(bytes).length, ahead });
    response.writeHead(status, {
      "content-type": found.headers.get("content-type") ?? "application/octet-stream",
      "cache-control": path.startsWith("assets/") ? "max-age=31536000, immutable" : "no-cache",
      ...(isolated
        ? { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }
        : {}),
    });
    response.end(own === null ? "" : bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  const site: Site = {
    url: `http://localhost:${(server.address() as AddressInfo).port}${folder}`,
    fetched,
    down: false,
    async deploy(gone) {
      const page = await textOf("index.html");
      const worker = await textOf("sw.js");
      const newer = page.replace("</head>", '<meta name="test-version" content="2" /></head>');
      const old = gone.exec(worker)?.[0];
      if (!old) throw new Error(`No file of the service worker's list is called ${gone}.`);
      changed.set("index.html", newer);
      changed.set(old, null);
      const withPage = worker.replace(/("?index\.html"?:\[)[^\]]*\]/, `$1\`${hashOf(newer)}\`,${newer.length}]`);
      changed.set("sw.js", withPage.replace(new RegExp(`"${old}":\\[[^\\]]*\\],`), ""));
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return site;
}

/** Tests with a `site` of their own, which is closed behind them. */
export const testAt = (options?: SiteOptions) =>
  base.extend<{ site: Site }>({
    site: async ({ baseURL }, use) => {
      const site = await openSite(baseURL!, options);
      await use(site);
      await site.close();
    },
  });
