import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { demoPage } from "./scripts/demo-page.ts";
import { oauthClient } from "./scripts/oauth-client.ts";
import { shellWorker } from "./scripts/shell-files.ts";

const isolation = {
  // Not needed by WebGPU; it lets the page measure its own memory and gives Web Workers high-resolution timers.
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** The dev server writes styles into the page, and markup where it shows an error; what is built does neither. */
const devPolicy: Plugin = {
  name: "dev-policy",
  apply: "serve",
  transformIndexHtml: (html) =>
    html
      .replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
      .replace("; require-trusted-types-for 'script'; trusted-types default", ""),
};

export default defineConfig({
  plugins: [react(), oauthClient(process.env.TABTUNE_SITE), demoPage(), shellWorker(), devPolicy],
  base: "./",
  worker: { format: "es" },
  optimizeDeps: {
    // Workers too: a library that is found only when a worker runs makes the dev server bundle anew and reload the page under its user.
    entries: ["index.html", "bench.html", "workers/*.worker.ts"],
    // Pre-bundling would cut onnxruntime's script off from the wasm that lies beside it.
    exclude: ["onnxruntime-web"],
  },
  server: { headers: isolation },
  preview: { headers: isolation },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    // The licences of the libraries that are in it.
    license: { fileName: "licences.md" },
    // /bench is a page of its own: the libraries that it compares with never reach the app.
    rolldownOptions: { input: ["index.html", "bench.html"] },
  },
});
