/** What the page is; and, at the rail's foot, which GPU it has, what it keeps, and light or dark. */
import { useApp } from "../page/store.ts";

export function Header() {
  return (
    <header className="page-header">
      <h1>TabTune</h1>
      <p>Fine-tune a vision-language model in this tab, on your own GPU. Nothing is uploaded.</p>
    </header>
  );
}

export function RailFoot() {
  const { capability, theme, setTheme } = useApp();
  const adapter = capability?.adapter;
  return (
    <div className="rail-foot">
      {adapter && (
        <span className="badge">
          {adapter.software ? "Software GPU (slow)" : `GPU: ${adapter.vendor} ${adapter.architecture}`.trim()}
        </span>
      )}
      <a href="#storage">What this browser keeps</a>
      <a href="./bench.html">Measure this machine</a>
      <label className="inline">
        <span>Colours</span>
        <select value={theme} onChange={(event) => setTheme(event.target.value as typeof theme)}>
          <option value="auto">Auto</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
    </div>
  );
}
