import { expect, test } from "vitest";
import { metadataDocument, oauthClient } from "./oauth-client.ts";

test("the document's own address is the client id, and the page is where the hub sends people back to", () => {
  expect(metadataDocument("https://example.org/tabtune/")).toMatchObject({
    client_id: "https://example.org/tabtune/.well-known/oauth-cimd",
    redirect_uris: ["https://example.org/tabtune/"],
    token_endpoint_auth_method: "none",
  });
});

test.each(["http://example.org/", "https://example.org", "https://example.org/?x/"])("%s is no site", (site) => {
  expect(() => oauthClient(site)).toThrow("TABTUNE_SITE");
});
