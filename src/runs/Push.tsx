/** A run's adapter to the hub: as whom, to which repository, who may see it, and what became of it. */
import { useEffect, useState } from "react";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { engine } from "../page/workers.ts";
import { Action } from "../parts/Action.tsx";
import { useOnline } from "../parts/online.ts";
import { appOf, pushToken, useAccount } from "../stores/account.ts";
import { useDataset } from "../stores/dataset.ts";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import type { PushDraft } from "../stores/sign-in.ts";
import { useTraining } from "../stores/training.ts";
import { language, words } from "../words/index.ts";
import { PushedTo } from "./PushedTo.tsx";
import { pushAdapter } from "./push.ts";
import { exportObstacle, pushObstacle, signInObstacle } from "./status.ts";

interface PushProps {
  run: RunSummary;
  busy: boolean;
  /** Does the work, and tells what goes wrong in the panel. */
  attempt(work: () => Promise<void>): Promise<void>;
}

export function Push({ run, busy, attempt }: PushProps) {
  const endpoint = useModel((s) => s.hub.endpoint);
  const { account, draft } = useAccount();
  const [repo, setRepo] = useState("");
  const [isPrivate, setPrivate] = useState(true);
  const [address, setAddress] = useState<string>();
  const online = useOnline();
  const say = words().runs.push;
  useEffect(() => {
    if (draft?.runId !== run.id) return;
    setRepo(draft.repo);
    setPrivate(draft.isPrivate);
  }, [draft, run.id]);
  const push = (): Promise<void> =>
    attempt(async () => {
      setAddress(undefined);
      const token = pushToken();
      const zip = await engine((api) => api.downloadAdapter(run.id));
      const title = say.commit(run.step);
      const visibility = isPrivate ? "private" : "public";
      setAddress(await pushAdapter({ repo, token, endpoint, visibility, zip, title }));
    });
  return (
    <>
      <div className="row">
        <label className="grow">
          <span>{say.name}</span>
          <input
            type="text"
            value={repo}
            placeholder={`${account?.name ?? say.account}/name`}
            spellCheck={false}
            onChange={(event) => setRepo(event.target.value.trim())}
          />
        </label>
        <label className="inline">
          <input type="checkbox" checked={isPrivate} onChange={(event) => setPrivate(event.target.checked)} />
          <span>{say.private}</span>
        </label>
        <Action reason={pushObstacle({ busy, repo, online })} onPress={() => void push()}>
          {say.push}
        </Action>
      </div>
      <SignIn draft={{ runId: run.id, repo, isPrivate }} busy={busy} online={online} />
      {address && <PushedTo address={address} />}
    </>
  );
}

function SignIn({ draft, busy, online }: { draft: PushDraft; busy: boolean; online: boolean }) {
  const { account, signIn, signOut } = useAccount();
  const app = useModel((s) => appOf(s.hub.clientId) !== undefined);
  const running = useTraining((s) => isRunning(s.state));
  const loading = useModel((s) => s.progress !== undefined);
  const reading = useDataset((s) => s.progress !== undefined);
  const say = words().runs.push;
  if (account) {
    const until = new Date(account.expiresAt).toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit" });
    return (
      <div className="row centred">
        <p className="detail grow">
          {say.signedInAs} <strong>{account.name}</strong> {say.until(until)}{" "}
          <a href={`${account.endpoint}/settings/connected-applications`} target="_blank" rel="noreferrer">
            {say.applications}
          </a>{" "}
          {say.atHub}
        </p>
        <button type="button" className="quiet" onClick={signOut}>
          {say.signOut}
        </button>
      </div>
    );
  }
  const obstacle = signInObstacle({ online, app, running, loading: loading || reading });
  return (
    <div className="row centred">
      <Action reason={obstacle || exportObstacle(busy)} onPress={() => void signIn(draft)}>
        {say.signIn}
      </Action>
      <p className="detail grow">{obstacle || say.leaves}</p>
    </div>
  );
}
