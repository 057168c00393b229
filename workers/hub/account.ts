/** What a worker does at a hub for the page, whose content policy lets it reach nothing but its own site: requests in somebody's name, and the sign-in. */
import { type OAuthResult, oauthHandleRedirect, oauthLoginUrl } from "@huggingface/hub";

/** A request, as a message. */
export interface HubRequest {
  url: string;
  method: string;
  headers: [string, string][];
  body?: string | Blob | ArrayBuffer | undefined;
}

/** Its answer, whole. */
export interface HubAnswer {
  url: string;
  status: number;
  headers: [string, string][];
  body: Blob;
}

export interface SignInAddress {
  address: string;
  /** What the way back needs. */
  nonce: string;
  codeVerifier: string;
}

export interface HubApi {
  /** `id` is the caller's own, for `stop`. Rejects with an Error named "TypeError" where nobody answers, as fetch does. */
  ask(id: number, request: HubRequest): Promise<HubAnswer>;
  /** Ends a request that goes on. */
  stop(id: number): void;
  signInAddress(options: {
    clientId: string;
    scopes: string;
    hubUrl: string;
    redirectUrl: string;
  }): Promise<SignInAddress>;
  /** Changes the code that the hub sent back into a token. */
  signedIn(options: {
    hubUrl: string;
    redirectedUrl: string;
    nonce: string;
    codeVerifier: string;
  }): Promise<OAuthResult>;
}

export function hubApi(): HubApi {
  const going = new Map<number, AbortController>();
  return {
    async ask(id, { url, ...request }) {
      const control = new AbortController();
      going.set(id, control);
      try {
        const response = await fetch(url, { ...request, signal: control.signal });
        const { status, headers } = response;
        return { url: response.url, status, headers: [...headers], body: await response.blob() };
      } finally {
        going.delete(id);
      }
    },
    stop(id) {
      going.get(id)?.abort();
    },
    async signInAddress(options) {
      const secrets: { nonce?: string; codeVerifier?: string } = {};
      const address = await oauthLoginUrl({ ...options, localStorage: secrets });
      return { address, ...secrets } as SignInAddress;
    },
    signedIn: (options) => oauthHandleRedirect(options),
  };
}
