/**
 * The files of the page, kept in the browser so that it works without a network: one version, whole before it serves anybody. A file lies
 * under its path and its hash, so that versions share what did not change, and a tab of an earlier version still finds its own. Models,
 * data and runs lie elsewhere and are not touched.
 */
import { TabTuneError } from "../errors.ts";
import type { FileFacts, Kept, Version } from "../protocol/shell.ts";

/** The page itself; a host may serve it by the folder's address only. */
const PAGE = "index.html";

/** Fetched at the same time: the page has the network first. */
const AT_ONCE = 4;

/** The first digits are enough: a wrong file is an accident, not an attack. */
async function hashOf(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Shell {
  private readonly version: Version;
  /** The address that all paths begin at, with a slash at its end. */
  private readonly root: string;
  private readonly caches: Pick<CacheStorage, "open">;
  private readonly fetch: typeof globalThis.fetch;

  constructor(version: Version, root: string, caches: Pick<CacheStorage, "open">, fetch: typeof globalThis.fetch) {
    this.version = version;
    this.root = root;
    this.caches = caches;
    this.fetch = fetch;
  }

  /**
   * Fetches what the page needs and is not here yet. Throws "network" or "storage-full", and "network" for a file of another version, too;
   * what came stays for another try.
   */
  async install(): Promise<void> {
    await this.keepAll(Object.entries(this.version.shell));
  }

  /** Fetches what is not here yet of the files whose paths begin with one of these. Throws as `install` does. */
  async keep(under: string[]): Promise<void> {
    const { onFetch } = this.version;
    await this.keepAll(Object.entries(onFetch).filter(([path]) => under.some((begin) => path.startsWith(begin))));
  }

  /**
   * Answers a request for a file of the page; undefined: none of ours, the browser asks the network itself. `later` is told of work that
   * goes on behind the answer, and throws as `install` does.
   */
  answer(request: Request, later: (work: Promise<void>) => void): Promise<Response> | undefined {
    const path = this.pathOf(request);
    if (path === undefined) return undefined;
    const facts = this.factsOf(path);
    if (facts) return this.serve(request, path, facts, later);
    // A tab of an earlier version asks for a file that this version lacks.
    return path.startsWith("assets/") ? this.serveEarlier(request, path) : undefined;
  }

  /** Deletes the files of other versions. To be called while no tab of another version is open. */
  async sweep(): Promise<void> {
    const cache = await this.open();
    const mine = new Set(this.files().map(([path, facts]) => this.keyOf(path, facts)));
    const others = (await cache.keys()).filter(({ url }) => !mine.has(url));
    await Promise.all(others.map((key) => cache.delete(key)));
  }

  async kept(): Promise<Kept> {
    const keys = new Set((await (await this.open()).keys()).map(({ url }) => url));
    const here = this.files().filter(([path, facts]) => keys.has(this.keyOf(path, facts)));
    return { version: this.version.name, files: here.length, bytes: here.reduce((sum, [, [, n]]) => sum + n, 0) };
  }

  private files(): [string, FileFacts][] {
    return [...Object.entries(this.version.shell), ...Object.entries(this.version.onFetch)];
  }

  private factsOf(path: string): FileFacts | undefined {
    const { shell, onFetch } = this.version;
    return Object.hasOwn(shell, path) ? shell[path] : Object.hasOwn(onFetch, path) ? onFetch[path] : undefined;
  }

  /** Sites in other folders of the same host keep their own. */
  private open(): Promise<Cache> {
    return this.caches.open(`tabtune-shell ${this.root}`);
  }

  private keyOf(path: string, [hash]: FileFacts): string {
    return `${this.root}${path}?${hash}`;
  }

  /** The file that is asked for; undefined where it is none of the page's own. */
  private pathOf({ method, url, mode, headers }: Request): string | undefined {
    if (method !== "GET" || headers.has("range") || !url.startsWith(this.root)) return undefined;
    const { search, pathname } = new URL(url);
    const path = pathname.slice(new URL(this.root).pathname.length);
    if (path === "" || path === PAGE) return PAGE;
    // The hub's answer to a sign-in comes behind the page's own address; files are asked for without more words.
    return search && mode !== "navigate" ? undefined : path;
  }

  private async serve(
    request: Request,
    path: string,
    facts: FileFacts,
    later: (work: Promise<void>) => void,
  ): Promise<Response> {
    const cache = await this.open();
    const here = await cache.match(this.keyOf(path, facts), { ignoreVary: true });
    if (here) return here;
    const response = await this.fetch(request);
    // The page of a newer version looks like this one's.
    if (response.ok && path !== PAGE) later(this.put(cache, path, facts, response.clone()));
    return response;
  }

  private async serveEarlier(request: Request, path: string): Promise<Response> {
    const cache = await this.open();
    const here = await cache.match(`${this.root}${path}`, { ignoreSearch: true, ignoreVary: true });
    return here ?? this.fetch(request);
  }

  private async keepAll(files: [string, FileFacts][]): Promise<void> {
    const cache = await this.open();
    const waiting = files.values();
    const one = async (): Promise<void> => {
      for (const [path, facts] of waiting) {
        if (await cache.match(this.keyOf(path, facts), { ignoreVary: true })) continue;
        // What a build names by its hash never changes; of the rest the browser may have an older one.
        const reload = path.startsWith("assets/") ? {} : ({ cache: "no-cache" } as const);
        const response = await this.fetch(`${this.root}${path === PAGE ? "" : path}`, reload).catch((cause) => {
          throw notKept("network", path, `it could not be fetched (${String(cause)})`);
        });
        if (!response.ok) throw notKept("network", path, `the server answers ${response.status}`);
        await this.put(cache, path, facts, response);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  /** Throws "network" where the file is another version's, "storage-full" where the browser has no room for it. */
  private async put(cache: Cache, path: string, facts: FileFacts, response: Response): Promise<void> {
    const bytes = await response.arrayBuffer();
    // Hosts write words of their own into a page, never into a script.
    if (!path.endsWith(".html") && (await hashOf(bytes)) !== facts[0])
      throw notKept("network", path, "the server has another version's");
    // Made anew: one that came by a redirect may not answer for a page.
    const { status, headers } = response;
    try {
      await cache.put(this.keyOf(path, facts), new Response(bytes, { status, headers }));
    } catch (cause) {
      throw notKept("storage-full", path, `the browser has no room for it (${String(cause)})`);
    }
  }
}

const notKept = (code: "network" | "storage-full", path: string, why: string): TabTuneError =>
  new TabTuneError(
    code,
    `${path} could not be kept for use without a network: ${why}.`,
    "Reload the page to try again.",
    "The page goes on as it is.",
  );
