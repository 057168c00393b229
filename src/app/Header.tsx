/** What the page is; and, at the rail's foot, which GPU it has and the ways to what it keeps and to its settings. */
import { useApp } from "../page/store.ts";
import { words } from "../words/index.ts";
import { Told } from "./Told.tsx";

export function Header() {
  return (
    <header className="page-header">
      <h1>TabTune</h1>
      <p>{words().shell.lead}</p>
    </header>
  );
}

export function RailFoot() {
  const capability = useApp((s) => s.capability);
  const say = words().shell;
  const adapter = capability?.adapter;
  return (
    <aside className="rail-foot" aria-label={say.thisBrowser}>
      {/* Has its place before it is known: nothing moves then. */}
      <span className="badge">
        {adapter && (adapter.software ? say.softwareGpu : say.gpu(`${adapter.vendor} ${adapter.architecture}`.trim()))}
      </span>
      <a href="#storage">{say.storage}</a>
      <a href="#settings">{say.settings}</a>
      <a href="./bench.html">{say.measure}</a>
      <Told />
    </aside>
  );
}
