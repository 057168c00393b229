/** What somebody sees who comes for the first time: what this is, a recorded run, what this machine can do, and two doors. */
import { Images, Play } from "lucide-react";
import { type ComponentType, lazy, Suspense } from "react";
import { goTo } from "../page/address.ts";
import { useApp } from "../page/store.ts";
import { Action } from "../parts/Action.tsx";
import { useDemo } from "../stores/demo.ts";
import { words } from "../words/index.ts";
import { useFirstVisit } from "./first-visit.ts";
import { machineWords } from "./machine.ts";
import "./welcome.css";

/** Not before the page stands: its words and curve are none of what the first click needs. */
const Example = lazy(async (): Promise<{ default: ComponentType }> => {
  try {
    return { default: (await import("./Example.tsx")).Example };
  } catch (error) {
    // Without it the page can all that it could; thrown on, it would take the page down.
    useApp.getState().fail("page", error);
    return { default: () => null };
  }
});

/** Shows the buttons that take pictures, and gives the first of them the focus. */
async function showDoorForPictures(): Promise<void> {
  await goTo("data");
  document.querySelector<HTMLButtonElement>('[data-place="data"] button')?.focus({ preventScroll: true });
}

export function Welcome() {
  const capability = useApp((s) => s.capability);
  const doing = useDemo((s) => s.doing);
  if (!useFirstVisit()) return null;
  const say = words().welcome;
  const reason = capability?.usable ? "" : capability ? say.cannot : say.looking;
  const machine = capability?.usable && capability.adapter ? machineWords(capability.adapter) : "";
  // No region: its name would be another that speaks of a model.
  return (
    <div className="welcome">
      <div className="invitation">
        <h2>{say.title}</h2>
        <p>{say.what}</p>
        <div className="row centred">
          <Action
            kind="primary"
            icon={Play}
            reason={doing ? say.demoGoes : reason}
            onPress={() => void useDemo.getState().begin()}
          >
            {say.demo}
          </Action>
          <Action icon={Images} onPress={() => void showDoorForPictures()}>
            {say.pictures}
          </Action>
        </div>
        <p className="detail">{say.demoTakes}</p>
        <p className="detail machine">{machine}</p>
        <p className="live" aria-live="polite">
          {doing}
        </p>
      </div>
      <Suspense fallback={<div className="example" />}>
        <Example />
      </Suspense>
    </div>
  );
}
