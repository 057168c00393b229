/**
 * Signing in at the hub (OAuth with PKCE): the page leaves for the hub and comes back with a code, which is changed for a token that
 * lasts some hours. What the way back needs lies in this tab's session storage until then; the token itself is never stored.
 */
import { TabTuneError, wordsOf } from "../../workers/errors.ts";
import { hubAddress } from "../../workers/hub/address.ts";
import { signedIn, signInAddress } from "../page/hub.ts";
import { words } from "../words/index.ts";

/** The app that the hub asks the user about. */
export interface OAuthApp {
  /** Of an app registered at the hub, or the address of this site's client id metadata document. */
  clientId: string;
  /** Space-separated. */
  scopes: string;
}

export interface Account {
  name: string;
  token: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  /** The hub that gave the token, and the only one it is sent to. */
  endpoint: string;
}

/** What was being filled in when the page was left. */
export interface PushDraft {
  runId: string;
  repo: string;
  isPrivate: boolean;
}

export interface Return {
  draft: PushDraft;
  /** Rejects with a TabTuneError when the hub, or the user there, said no. */
  account: Promise<Account>;
}

interface Pending {
  endpoint: string;
  nonce: string;
  codeVerifier: string;
  draft: PushDraft;
}

const PENDING_KEY = "tabtune-sign-in";

/** Any of these lets an app make repositories; the first can see and change only those that it made itself. */
const creating = ["contribute-repos", "manage-repos"];

/**
 * The app that this page signs in with: the client id of the settings, else what a static Space of the hub tells its page, else what
 * the site was built with. `undefined` where there is none, or where the Space does not ask for leave to make repositories.
 */
export function oauthApp(
  chosen: string,
  space: Record<string, string> | undefined,
  built: string | undefined,
): OAuthApp | undefined {
  const [least] = creating;
  if (chosen.trim() !== "") return { clientId: chosen.trim(), scopes: `openid profile ${least}` };
  if (space?.OAUTH_CLIENT_ID) {
    const allowed = (space.OAUTH_SCOPES ?? "").split(/\s+/);
    const scope = creating.find((name) => allowed.includes(name));
    return scope ? { clientId: space.OAUTH_CLIENT_ID, scopes: `openid profile ${scope}` } : undefined;
  }
  return built ? { clientId: built, scopes: `openid profile ${least}` } : undefined;
}

/** The address to leave for. `page` is where the hub sends the browser back to. Throws TabTuneError. */
export async function addressOfSignIn(
  { clientId, scopes }: OAuthApp,
  hub: string,
  page: string,
  draft: PushDraft,
  storage: Storage,
): Promise<string> {
  const endpoint = hubAddress(hub);
  const options = { clientId, scopes, hubUrl: endpoint, redirectUrl: page };
  const { address, nonce, codeVerifier } = await signInAddress(options).catch((cause: unknown) => {
    throw failed((why) => words().hub.signIn.noAnswer(endpoint, why), cause);
  });
  // The address is the hub's word: anything but a web page would run here.
  if (!/^(https:|http:\/\/(localhost|127\.0\.0\.1)[:/])/.test(address)) {
    throw refused(words().hub.signIn.notSecure(endpoint));
  }
  storage.setItem(PENDING_KEY, JSON.stringify({ endpoint, nonce, codeVerifier, draft } satisfies Pending));
  return address;
}

/** What the hub sent back, when the page at `url` was opened by it and this tab had asked. Works once: what was kept is dropped. */
export function returnOfSignIn(url: string, storage: Storage): Return | undefined {
  const kept = storage.getItem(PENDING_KEY);
  storage.removeItem(PENDING_KEY);
  const answer = new URL(url).searchParams;
  if (kept === null || !(answer.has("code") || answer.has("error"))) return undefined;
  const pending = JSON.parse(kept) as Pending;
  return { draft: pending.draft, account: accountOf(url, answer, pending) };
}

/** Whether the address answers the very question that this tab asked: anybody's link can have an `error` in it. */
function answersUs(answer: URLSearchParams, nonce: string): boolean {
  try {
    return (JSON.parse(answer.get("state") ?? "") as { nonce?: unknown } | null)?.nonce === nonce;
  } catch {
    // No JSON, so none of ours.
    return false;
  }
}

/** Why the hub says no. Words of an address that does not answer us are nobody's: of it only a name as the standard has them is taken. */
function reasonOf(error: string, answer: URLSearchParams, nonce: string): string {
  if (answersUs(answer, nonce)) return answer.get("error_description") ?? error;
  return /^[a-z_]{1,40}$/.test(error) ? error : "unknown_error";
}

async function accountOf(url: string, answer: URLSearchParams, pending: Pending): Promise<Account> {
  const { endpoint, nonce, codeVerifier } = pending;
  const say = words().hub.signIn;
  const error = answer.get("error");
  if (error === "access_denied") throw refused(say.denied);
  if (error !== null) throw refused(say.refused(reasonOf(error, answer, nonce)));
  const result = await signedIn({ hubUrl: endpoint, redirectedUrl: url, nonce, codeVerifier }).catch(
    (cause: unknown) => {
      throw failed(say.notCompleted, cause);
    },
  );
  if (!result.scope.split(/\s+/).some((scope) => creating.includes(scope))) {
    throw refused(say.noRepositories);
  }
  return {
    name: result.userInfo.preferred_username,
    token: result.accessToken,
    expiresAt: result.accessTokenExpiresAt.getTime(),
    endpoint,
  };
}

/** Whether the token is still good for a push that begins now. */
export const isValid = ({ expiresAt }: Account, now = Date.now()): boolean => now < expiresAt - 60_000;

function refused(message: string, cause?: unknown): TabTuneError {
  const { againOrToken, safe } = words().hub.signIn;
  return new TabTuneError("no-access", message, againOrToken, safe, { cause });
}

/** A fetch that fails is a TypeError; all else is an answer. */
function failed(say: (why: string) => string, cause: unknown): TabTuneError {
  const message = say(wordsOf(cause));
  // It came from a worker, by name.
  if (!(cause instanceof Error && cause.name === "TypeError")) return refused(message, cause);
  const { connection, safe } = words().hub.signIn;
  return new TabTuneError("network", message, connection, safe, { cause });
}
