/**
 * Registers a site with the hub, so that people can sign in there: `TABTUNE_SITE=https://example.org/tabtune/ npm run build` writes a
 * client id metadata document whose address is the client id, and tells it to the page. A static Space needs none of this.
 * Source: Hugging Face hub documentation, "Sign in with Hugging Face", Automated OAuth app creation.
 */
import type { Plugin } from "vite";

const FILE = ".well-known/oauth-cimd";

/** `site` is the address that people open, ending with a slash. */
export function metadataDocument(site: string): Record<string, unknown> {
  return {
    client_id: `${site}${FILE}`,
    client_name: "TabTune",
    client_uri: site,
    redirect_uris: [site],
    token_endpoint_auth_method: "none",
  };
}

/** Does nothing without a site. Throws when the site is no https address that ends with a slash. */
export function oauthClient(site: string | undefined): Plugin {
  if (site && !/^https:\/\/[^\s?#]+\/$/.test(site))
    throw new Error(`TABTUNE_SITE is "${site}"; it has to be an https address that ends with a slash.`);
  return {
    name: "oauth-client",
    apply: "build",
    generateBundle() {
      if (!site) return;
      this.emitFile({ type: "asset", fileName: FILE, source: JSON.stringify(metadataDocument(site), null, 2) });
    },
    transformIndexHtml() {
      if (!site) return [];
      const content = metadataDocument(site).client_id as string;
      return [{ tag: "meta", attrs: { name: "hub-oauth-client-id", content }, injectTo: "head" }];
    },
  };
}
