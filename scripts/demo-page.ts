/**
 * Builds the demo page: a chat alone, which the trainer fills with an adapter (src/runs/demo-files.ts). A build of its own, so that no chunk is
 * shared with the trainer. Its files lie in `demo-page/` of the site, listed in `files.json`; the dev server builds them when they are asked for.
 */
import { build, type Plugin, type Rolldown } from "vite";
import { workerCode } from "./shell-files.ts";

const FOLDER = "demo-page/";
const LISTING = "files.json";

export interface DemoBuild {
  files: Map<string, Uint8Array>;
  /** Modules of the repository whose code is in it. */
  modules: string[];
}

const isRendered = ([, { renderedLength }]: [string, { renderedLength: number }]): boolean => renderedLength > 0;

export async function buildDemoPage(root: string): Promise<DemoBuild> {
  const modules = new Set<string>();
  const noteModules: Plugin = {
    name: "note-modules",
    generateBundle(_, bundle) {
      for (const output of Object.values(bundle)) {
        if (output.type !== "chunk") continue;
        for (const [id] of Object.entries(output.modules).filter(isRendered)) modules.add(id.replace(`${root}/`, ""));
      }
    },
  };
  const built = (await build({
    configFile: false,
    root,
    base: "./",
    mode: "production",
    logLevel: "warn",
    publicDir: false,
    plugins: [noteModules],
    define: { "process.env.NODE_ENV": '"production"' },
    worker: { format: "es", plugins: () => [noteModules] },
    build: {
      write: false,
      target: "es2023",
      assetsInlineLimit: 0,
      license: { fileName: "licences.md" },
      rolldownOptions: { input: "demo.html" },
    },
  })) as Rolldown.RolldownOutput;
  const files = new Map<string, Uint8Array>();
  for (const output of built.output) {
    // The codecs' scripts name them beside themselves; what is run travels inside of scripts (workers/data/pictures/wasm-codecs.ts).
    if (output.fileName.endsWith(".wasm")) continue;
    const content = output.type === "chunk" ? output.code : output.source;
    const name = output.fileName === "demo.html" ? "index.html" : output.fileName;
    files.set(name, typeof content === "string" ? new TextEncoder().encode(content) : content);
  }
  // Which files it keeps is written before it when a page is made.
  files.set("sw.js", new TextEncoder().encode(await workerCode(undefined, root)));
  return { files, modules: [...modules].sort() };
}

const listingOf = ({ files }: DemoBuild): Uint8Array => new TextEncoder().encode(JSON.stringify([...files.keys()]));

export function demoPage(): Plugin {
  let root = "";
  let built: Promise<DemoBuild> | undefined;
  const once = (): Promise<DemoBuild> => {
    built ??= buildDemoPage(root);
    return built;
  };
  return {
    name: "demo-page",
    configResolved(config) {
      root = config.root;
    },
    async generateBundle() {
      const demo = await once();
      for (const [name, source] of [...demo.files, [LISTING, listingOf(demo)] as const])
        this.emitFile({ type: "asset", fileName: FOLDER + name, source });
    },
    configureServer({ middlewares, watcher }) {
      watcher.on("change", () => {
        built = undefined;
      });
      middlewares.use(`/${FOLDER}`, (request, response, next) => {
        const name = new URL(request.url ?? "/", "http://localhost").pathname.slice(1);
        once().then((demo) => {
          const bytes = name === LISTING ? listingOf(demo) : demo.files.get(name);
          if (!bytes) return next();
          response.setHeader("Content-Type", name === LISTING ? "application/json" : "application/octet-stream");
          response.end(bytes);
        }, next);
      });
    },
  };
}
