/** Who is signed in at the hub, if anyone: in memory only, so that the token goes with the page. */
import { create } from "zustand";
import { TabTuneError } from "../../workers/errors.ts";
import { hubAddress } from "../../workers/hub/address.ts";
import { attempt, useApp } from "../page/store.ts";
import { words } from "../words/index.ts";
import { useModel } from "./model.ts";
import { type Account, addressOfSignIn, isValid, oauthApp, type PushDraft, returnOfSignIn } from "./sign-in.ts";

interface AccountStore {
  account: Account | undefined;
  /** What was typed before the page was left; the form begins with it. */
  draft: PushDraft | undefined;
  /** Leaves the page. */
  signIn(draft: PushDraft): Promise<void>;
  signOut(): void;
  /** Called once, when the page opens: takes the hub's answer out of the address. */
  comeBack(): Promise<void>;
}

/** A static Space of the hub tells its page this way. */
const spaceVariables = (window as unknown as { huggingface?: { variables?: Record<string, string> } }).huggingface
  ?.variables;
/** Written by `TABTUNE_SITE=… npm run build`, or by hand. */
const built = document.querySelector<HTMLMetaElement>('meta[name="hub-oauth-client-id"]')?.content;

export const appOf = (clientId: string): ReturnType<typeof oauthApp> => oauthApp(clientId, spaceVariables, built);

export const useAccount = create<AccountStore>((set) => ({
  account: undefined,
  draft: undefined,
  async signIn(draft) {
    useApp.getState().clear("runs");
    const { endpoint, clientId } = useModel.getState().hub;
    await attempt("runs", async () => {
      // Without file name, query and fragment: what was registered at the hub.
      const page = new URL(".", location.href).href;
      location.assign(await addressOfSignIn(appOf(clientId)!, endpoint, page, draft, sessionStorage));
    });
  },
  signOut: () => set({ account: undefined }),
  async comeBack() {
    const back = returnOfSignIn(location.href, sessionStorage);
    if (!back) return;
    // A code works once, and must not stay in the history.
    history.replaceState(null, "", location.pathname);
    set({ draft: back.draft });
    await attempt("runs", async () => set({ account: await back.account }));
  },
}));

/** The token to read with: of the settings, else of a sign-in at this hub that is still good; "" for none. */
export function readToken(): string {
  const { token, endpoint } = useModel.getState().hub;
  const { account } = useAccount.getState();
  if (token.trim() !== "" || !account || !isValid(account)) return token.trim();
  return account.endpoint === hubAddress(endpoint) ? account.token : "";
}

/** The token to push with: of the sign-in at this hub, else of the settings. Throws TabTuneError when the sign-in has run out. */
export function pushToken(): string {
  const { token, endpoint } = useModel.getState().hub;
  const { account, signOut } = useAccount.getState();
  if (!account || account.endpoint !== hubAddress(endpoint)) return token.trim();
  if (isValid(account)) return account.token;
  signOut();
  const say = words().hub.signIn;
  throw new TabTuneError("no-access", say.ranOut, say.again, say.safe);
}
