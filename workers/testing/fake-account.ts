/** The other half of a server that behaves like the hub, for tests: signing in (OAuth with PKCE) and taking a push. */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeAccount {
  endpoint: string;
  /** Parameters of every request for leave. */
  asked: URLSearchParams[];
  /** What the user says to the request; "deny" sends the browser back with an error. */
  says: "allow" | "deny";
  /** Seconds that a token lasts. */
  lasts: number;
  /** Scopes that a token gets, where they are not those asked for. */
  grants: string | undefined;
  /** No token works any more. */
  revoke(): void;
  /** Pushed files as text, a character a byte, by "owner/name/path"; those of Spaces by "spaces/owner/name/path". */
  pushed: Map<string, string>;
  /** Commits are refused with this status; 0: they are taken. */
  refusesCommits: number;
  /** Visibility of the repositories that were made, by "owner/name", Spaces by "spaces/owner/name". */
  made: Map<string, string>;
  close(): Promise<void>;
}

interface Leave {
  challenge: string;
  redirectUri: string;
  scope: string;
}

/** A hub where one user, `name`, has an account. */
export async function startFakeAccount(name: string): Promise<FakeAccount> {
  const leaves = new Map<string, Leave>();
  const tokens = new Set<string>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, account.endpoint);
    const json = (value: unknown, status = 200): void => {
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
    };
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();

    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return json({
          authorization_endpoint: `${account.endpoint}/oauth/authorize`,
          token_endpoint: `${account.endpoint}/oauth/token`,
          userinfo_endpoint: `${account.endpoint}/oauth/userinfo`,
        });
      case "/oauth/authorize": {
        account.asked.push(url.searchParams);
        const redirectUri = url.searchParams.get("redirect_uri")!;
        const back = new URL(redirectUri);
        back.searchParams.set("state", url.searchParams.get("state")!);
        if (account.says === "deny") {
          back.searchParams.set("error", "access_denied");
          back.searchParams.set("error_description", "The user has denied the request");
        } else {
          const code = randomUUID();
          const scope = account.grants ?? url.searchParams.get("scope")!;
          leaves.set(code, { challenge: url.searchParams.get("code_challenge")!, redirectUri, scope });
          back.searchParams.set("code", code);
        }
        response.writeHead(302, { Location: back.href }).end();
        return;
      }
      case "/oauth/token": {
        const form = new URLSearchParams(body);
        const leave = leaves.get(form.get("code") ?? "");
        leaves.delete(form.get("code") ?? "");
        const challenge = createHash("sha256")
          .update(form.get("code_verifier") ?? "")
          .digest("base64url");
        if (leave?.challenge !== challenge || leave.redirectUri !== form.get("redirect_uri"))
          return json({ error: "invalid_grant", error_description: "the code is not valid" }, 400);
        const token = `hf_oauth_${randomUUID()}`;
        tokens.add(token);
        return json({ access_token: token, expires_in: account.lasts, scope: leave.scope, token_type: "bearer" });
      }
    }
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    if (!tokens.has(token)) return json({ error: "Invalid credentials" }, 401);
    if (url.pathname === "/oauth/userinfo") return json({ sub: "1", name, preferred_username: name });
    const keyOf = (type: string | undefined, full: string): string => (type === "space" ? `spaces/${full}` : full);
    if (url.pathname === "/api/repos/create") {
      const { name: repo, organization, visibility, type, sdk } = JSON.parse(body) as Record<string, string>;
      if (organization !== undefined && organization !== name) return json({ error: "not yours" }, 403);
      const key = keyOf(type, `${name}/${repo}`);
      if (type === "space" && sdk !== "static") return json({ error: "unknown sdk" }, 400);
      if (account.made.has(key)) return json({ error: `You already created this ${type} repo` }, 409);
      account.made.set(key, visibility!);
      return json({ url: `${account.endpoint}/${key}`, id: "1" });
    }
    if (url.pathname === "/api/repos/delete") {
      const { name: repo, organization, type } = JSON.parse(body) as Record<string, string>;
      account.made.delete(keyOf(type, `${organization}/${repo}`));
      return json({});
    }
    const action = /^\/api\/(models|spaces)\/([^/]+\/[^/]+)\/(preupload|commit)\/main$/.exec(url.pathname);
    const place = action && (action[1] === "spaces" ? `spaces/${action[2]}` : action[2]!);
    if (!place || !account.made.has(place)) return json({ error: "Repository not found" }, 404);
    if (action[3] === "preupload") {
      const { files } = JSON.parse(body) as { files: { path: string }[] };
      return json({ files: files.map(({ path }) => ({ path, uploadMode: "regular", shouldIgnore: false })) });
    }
    if (account.refusesCommits) return json({ error: "no room" }, account.refusesCommits);
    for (const line of body.split("\n")) {
      const { key, value } = JSON.parse(line) as { key: string; value: { path: string; content: string } };
      if (key === "file") account.pushed.set(`${place}/${value.path}`, atob(value.content));
    }
    return json({ success: true, commitOid: "abc", commitUrl: `${account.endpoint}/${place}/commit/abc` });
  }

  const server = createServer((request, response) => {
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Headers", "*, Authorization");
    response.setHeader("Access-Control-Expose-Headers", "*");
    if (request.method === "OPTIONS") response.end();
    else void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const account: FakeAccount = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    says: "allow",
    lasts: 28_800,
    grants: undefined,
    revoke: () => tokens.clear(),
    refusesCommits: 0,
    pushed: new Map(),
    made: new Map(),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return account;
}
