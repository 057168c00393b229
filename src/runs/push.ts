/** A run's adapter and its card onto the hub: a repository of the user's own account. The hub's library is loaded only for this. */
import { TabTuneError, wordsOf } from "../../workers/errors.ts";
import { hubAddress } from "../../workers/hub/address.ts";
import { words } from "../words/index.ts";

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
  const say = words().runs.pushErrors;
  if (!token.startsWith("hf_")) throw refused(say.unknown, say.unknownRemedy);
  if (!/^[\w.-]{1,96}\/[\w.-]{1,96}$/.test(repo)) throw refused(say.badName(repo), say.badNameRemedy);
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
    if (status === 401) throw refused(say.token, say.tokenRemedy, cause);
    // A sign-in may write to the repositories that it made itself.
    if (status === 403) throw refused(say.forbidden(repo), say.forbiddenRemedy, cause);
    throw new TabTuneError("network", say.failed(repo, wordsOf(cause)), say.failedRemedy, say.safe, { cause });
  }
  return `${endpoint}/${repo}`;
}

const refused = (message: string, remedy: string, cause?: unknown): TabTuneError =>
  new TabTuneError("no-access", message, remedy, words().runs.pushErrors.safe, { cause });
