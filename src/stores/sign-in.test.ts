import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hubApi } from "../../workers/hub/account.ts";
import { type FakeAccount, startFakeAccount } from "../../workers/testing/fake-account.ts";
import { addressOfSignIn, isValid, oauthApp, type PushDraft, returnOfSignIn } from "./sign-in.ts";

// What the worker does is done here.
vi.mock("../page/hub.ts", () => hubApi());

const app = oauthApp("client", undefined, undefined)!;
const page = "http://localhost:5173/tabtune/";
const draft: PushDraft = { runId: "run", repo: "ann/tuned", isPrivate: true };

function memoryStorage(): Storage & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  } as unknown as Storage & { kept: Map<string, string> };
}

let hub: FakeAccount;
let storage: ReturnType<typeof memoryStorage>;
beforeEach(async () => {
  hub = await startFakeAccount("ann");
  storage = memoryStorage();
});
afterEach(() => hub.close());

/** To the hub and back, as a browser goes: the address that the hub sends it to. */
async function visit(): Promise<string> {
  const address = await addressOfSignIn(app, hub.endpoint, page, draft, storage);
  const { headers } = await fetch(address, { redirect: "manual" });
  return headers.get("Location")!;
}

describe("which app asks", () => {
  const space = { OAUTH_CLIENT_ID: "space", OAUTH_SCOPES: "openid profile read-repos manage-repos" };
  test.each([
    ["the settings first", ["mine", space, "built"], { clientId: "mine", scopes: "openid profile contribute-repos" }],
    ["a Space, in its scopes", ["", space, "built"], { clientId: "space", scopes: "openid profile manage-repos" }],
    [
      "a Space with the narrower scope",
      [" ", { ...space, OAUTH_SCOPES: "manage-repos contribute-repos" }, undefined],
      { clientId: "space", scopes: "openid profile contribute-repos" },
    ],
    ["a Space that may not make repositories", ["", { OAUTH_CLIENT_ID: "space" }, "built"], undefined],
    [
      "what the site was built with",
      ["", {}, "built"],
      { clientId: "built", scopes: "openid profile contribute-repos" },
    ],
    ["none", ["", undefined, undefined], undefined],
  ] as const)("%s", (_, [chosen, variables, built], expected) => {
    expect(oauthApp(chosen, variables, built)).toEqual(expected);
  });
});

test("there and back: a token of the user, what was typed, and nothing left in the storage", async () => {
  const back = returnOfSignIn(await visit(), storage)!;
  expect(back.draft).toEqual(draft);
  const account = await back.account;
  expect(account).toMatchObject({ name: "ann", endpoint: hub.endpoint, token: expect.stringMatching(/^hf_oauth_/) });
  expect(account.expiresAt / 1000 - Date.now() / 1000).toBeCloseTo(28_800, -2);
  expect(storage.kept.size).toBe(0);
  const asked = Object.fromEntries(hub.asked[0]!);
  expect(asked).toMatchObject({
    client_id: "client",
    scope: "openid profile contribute-repos",
    redirect_uri: page,
    response_type: "code",
    code_challenge_method: "S256",
  });
});

test("a page that the hub did not open, or that this tab did not ask for, is no return", async () => {
  expect(returnOfSignIn(page, storage)).toBeUndefined();
  expect(returnOfSignIn(`${page}?code=1&state=x`, storage)).toBeUndefined();
  const back = await visit();
  expect(returnOfSignIn(page, storage)).toBeUndefined();
  // Going back by hand has ended that sign-in.
  expect(returnOfSignIn(back, storage)).toBeUndefined();
});

describe("told in a sentence:", () => {
  const returned = async (change: (url: URL) => void = () => undefined) => {
    const url = new URL(await visit());
    change(url);
    const back = returnOfSignIn(url.href, storage)!;
    expect(back.draft).toEqual(draft);
    return back.account;
  };

  test("the user says no", async () => {
    hub.says = "deny";
    await expect(returned()).rejects.toMatchObject({
      code: "no-access",
      message: expect.stringContaining("not allowed"),
    });
  });
  test("the hub says no", async () => {
    const error = returned((url) => {
      url.searchParams.set("error", "server_error");
      url.searchParams.set("error_description", "down");
    });
    await expect(error).rejects.toMatchObject({ code: "no-access", message: "The hub refused the sign-in: down." });
  });
  test("somebody's link says no in the hub's name: of their words none is shown", async () => {
    for (const state of [undefined, "x", "null", JSON.stringify({ nonce: "x" })]) {
      const said = (error: string) =>
        returned((url) => {
          url.search = `?${new URLSearchParams({ error, error_description: "Call 555.", ...(state && { state }) })}`;
        });
      await expect(said("server_error")).rejects.toMatchObject({
        message: "The hub refused the sign-in: server_error.",
      });
      await expect(said("Call 555.")).rejects.toMatchObject({ message: "The hub refused the sign-in: unknown_error." });
    }
  });
  test("an answer to somebody else's question", async () => {
    const forged = returned((url) => url.searchParams.set("state", JSON.stringify({ nonce: "x", redirectUri: page })));
    await expect(forged).rejects.toMatchObject({
      code: "no-access",
      message: expect.stringContaining("Invalid oauth"),
    });
  });
  test("a code that was used before, or by another", async () => {
    const used = returned((url) => url.searchParams.set("code", "x"));
    await expect(used).rejects.toMatchObject({ message: expect.stringContaining("the code is not valid") });
  });
  test("leave for less than was asked", async () => {
    hub.grants = "openid profile";
    await expect(returned()).rejects.toMatchObject({ message: expect.stringContaining("not allow TabTune to make") });
  });
  test("no network on the way back", async () => {
    const back = await visit();
    await hub.close();
    const { account } = returnOfSignIn(back, storage)!;
    await expect(account).rejects.toMatchObject({ code: "network", remedy: expect.stringContaining("connection") });
  });
  test("no network on the way there", async () => {
    await hub.close();
    const leaving = addressOfSignIn(app, hub.endpoint, page, draft, storage);
    await expect(leaving).rejects.toMatchObject({ code: "network" });
    expect(storage.kept.size).toBe(0);
  });
  test("no address", async () => {
    await expect(addressOfSignIn(app, "hub", page, draft, storage)).rejects.toMatchObject({ code: "bad-argument" });
  });
});

test("a hub that sends the browser to a script is refused", async () => {
  const { fetch } = globalThis;
  globalThis.fetch = async () => Response.json({ authorization_endpoint: "javascript:alert(1)//" });
  try {
    const leaving = addressOfSignIn(app, hub.endpoint, page, draft, storage);
    await expect(leaving).rejects.toMatchObject({ message: expect.stringContaining("no secure web page") });
  } finally {
    globalThis.fetch = fetch;
  }
});

test("a token is good until a minute before its end", () => {
  const account = { name: "ann", token: "hf_x", endpoint: "", expiresAt: 1_000_000 };
  expect([isValid(account, 900_000), isValid(account, 950_000), isValid(account, 2_000_000)]).toEqual([
    true,
    false,
    false,
  ]);
  expect(isValid({ ...account, expiresAt: Number.NaN }, 0)).toBe(false);
});
