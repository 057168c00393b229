/** A run's adapter and its card onto the hub: a repository of the user's own account. The hub's library is loaded only for this. */
import { TabTuneError, wordsOf } from "../../workers/errors.ts";
import { hubAddress } from "../../workers/hub/address.ts";
import { hubFetch } from "../page/hub.ts";
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
  const { repo, visibility, zip, title } = request;
  const hub = hubOf(request);
  const [{ createRepo, HubApiError, uploadFiles }, { unzipSync }] = await Promise.all([
    import("@huggingface/hub"),
    import("fflate"),
  ]);
  const files = Object.entries(unzipSync(new Uint8Array(await zip.arrayBuffer()))).map(([path, bytes]) => ({
    path,
    content: new Blob([bytes as Uint8Array<ArrayBuffer>]),
  }));
  const place = { ...hub, repo };
  try {
    await createRepo({ ...place, visibility }).catch((error: unknown) => {
      if (!(error instanceof HubApiError) || error.statusCode !== 409) throw error;
    });
    await uploadFiles({ ...place, files, commitTitle: title, useXet: false });
  } catch (cause) {
    throw pushFailure(cause, cause instanceof HubApiError ? cause.statusCode : undefined, repo);
  }
  return `${hub.hubUrl}/${repo}`;
}

/** Where a push goes, and as whom. Throws TabTuneError "no-access" where that is not known, or the name is none. */
export function hubOf({
  repo,
  token,
  endpoint,
  fetchFile = hubFetch,
}: Pick<PushRequest, "repo" | "token" | "endpoint" | "fetchFile">) {
  const hubUrl = hubAddress(endpoint);
  const say = words().runs.pushErrors;
  const refused = (message: string, remedy: string): TabTuneError =>
    new TabTuneError("no-access", message, remedy, say.safe);
  if (!token.startsWith("hf_")) throw refused(say.unknown, say.unknownRemedy);
  if (!/^[\w.-]{1,96}\/[\w.-]{1,96}$/.test(repo)) throw refused(say.badName(repo), say.badNameRemedy);
  return { accessToken: token, hubUrl, fetch: fetchFile };
}

/** What the hub's refusal is to its user; `status` is that of its answer, undefined where there was none. */
export function pushFailure(
  cause: unknown,
  status: number | undefined,
  repo: string,
  safe = words().runs.pushErrors.safe,
): TabTuneError {
  const say = words().runs.pushErrors;
  if (status === 401) return new TabTuneError("no-access", say.token, say.tokenRemedy, safe, { cause });
  // A sign-in may write to the repositories that it made itself.
  if (status === 403) return new TabTuneError("no-access", say.forbidden(repo), say.forbiddenRemedy, safe, { cause });
  return new TabTuneError("network", say.failed(repo, wordsOf(cause)), say.failedRemedy, safe, { cause });
}
