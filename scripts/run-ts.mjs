/** Runs `main(arguments)` of a TypeScript module through Vite, with the same `?raw` imports that the page's build has. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const [module, ...rest] = process.argv.slice(2);
const server = await createServer({
  configFile: false,
  root: path.resolve(path.dirname(fileURLToPath(import.meta.url)), ".."),
  logLevel: "error",
  appType: "custom",
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
});
const { main } = await server.ssrLoadModule(module);
const code = await main(rest);
await server.close();
// Dawn keeps threads alive: leave at once, after stdout and stderr are written.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
