/** A run's adapter and its card onto the hub: a repository of the user's own account. The hub's library is loaded only for this. */
import { type ErrorReport, TabTuneError, wordsOf } from "../../workers/errors.ts";
import { hubAddress } from "../../workers/hub/address.ts";

export interface PushRequest {
  /** owner/name */
  repo: string;
  token: string;
  /** Address of the hub. */
  endpoint: string;
  visibility: "private" | "public";
  /** The zip that "Download adapter" gives. */
  zip: Blob;
  title: string;
  fetchFile?: typeof fetch;
}

/** Returns the address of the repository. A repository that is there already gets a new commit, and keeps its visibility. */
export async function pushAdapter(request: PushRequest): Promise<string> {
  const { repo, token, visibility, zip, title, fetchFile = (...call) => fetch(...call) } = request;
  const endpoint = hubAddress(request.endpoint);
  if (!token.startsWith("hf_"))
    throw refused(
      "The hub needs to know who you are.",
      "Sign in, or enter an access token that may write (hf_…) in the hub settings of the Model panel.",
    );
  if (!/^[\w.-]{1,96}\/[\w.-]{1,96}$/.test(repo))
    throw refused(`"${repo}" is no name for the hub.`, "Write owner/name, with your own account as owner.");
  const [{ createRepo, HubApiError, uploadFiles }, { unzipSync }] = await Promise.all([
    import("@huggingface/hub"),
    import("fflate"),
  ]);
  const files = Object.entries(unzipSync(new Uint8Array(await zip.arrayBuffer()))).map(([path, bytes]) => ({
    path,
    content: new Blob([bytes as Uint8Array<ArrayBuffer>]),
  }));
  const place = { repo, accessToken: token, hubUrl: endpoint, fetch: fetchFile };
  try {
    await createRepo({ ...place, visibility }).catch((error: unknown) => {
      if (!(error instanceof HubApiError) || error.statusCode !== 409) throw error;
    });
    await uploadFiles({ ...place, files, commitTitle: title, useXet: false });
  } catch (cause) {
    const status = cause instanceof HubApiError ? cause.statusCode : undefined;
    if (status === 401) {
      throw refused("The hub does not know this token, or no longer.", "Sign in again, or enter another token.", cause);
    }
    if (status === 403) {
      // A sign-in may write to the repositories that it made itself.
      throw refused(
        `The hub does not let you write to ${repo}.`,
        "Choose a new name in your own account, or use a token with write access.",
        cause,
      );
    }
    throw new TabTuneError(
      "network",
      `${repo} could not be pushed: ${wordsOf(cause)}`,
      "Check the connection and push again.",
      safe,
      { cause },
    );
  }
  return `${endpoint}/${repo}`;
}

const safe: ErrorReport["safe"] = "The adapter is safe in this browser.";

const refused = (message: string, remedy: string, cause?: unknown): TabTuneError =>
  new TabTuneError("no-access", message, remedy, safe, { cause });
