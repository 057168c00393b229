/** What the page is, which GPU it has, and light or dark. */
import { useApp } from "../page/store.ts";

export function Header() {
  const { capability, theme, setTheme } = useApp();
  const adapter = capability?.adapter;
  return (
    <header className="page-header">
      <div>
        <h1>TabTune</h1>
        <p>
          Fine-tune a vision-language model in this tab, on your own GPU. Nothing is installed, nothing is uploaded.
        </p>
      </div>
      <div className="row centred">
        {adapter && (
          <span className="badge">
            {adapter.software ? "Software GPU (slow)" : `GPU: ${adapter.vendor} ${adapter.architecture}`.trim()}
          </span>
        )}
        <label className="inline">
          <span className="visually-hidden">Colours</span>
          <select value={theme} onChange={(event) => setTheme(event.target.value as typeof theme)}>
            <option value="auto">Auto</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </select>
        </label>
      </div>
    </header>
  );
}
