/** What the page is; and, at the rail's foot, which GPU it has, what it keeps, and light or dark. */
import { type Choice, useLanguage } from "../page/language.ts";
import { useApp } from "../page/store.ts";
import { LANGUAGES, words } from "../words/index.ts";
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
  const { capability, theme, setTheme } = useApp();
  const { choice, choose } = useLanguage();
  const say = words().shell;
  const adapter = capability?.adapter;
  return (
    <aside className="rail-foot" aria-label={say.thisBrowser}>
      {adapter && (
        <span className="badge">
          {adapter.software ? say.softwareGpu : say.gpu(`${adapter.vendor} ${adapter.architecture}`.trim())}
        </span>
      )}
      <a href="#storage">{say.storage}</a>
      <a href="./bench.html">{say.measure}</a>
      <label className="inline">
        <span>{say.colours}</span>
        <select value={theme} onChange={(event) => setTheme(event.target.value as typeof theme)}>
          {Object.entries(say.themes).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label className="inline">
        <span>{say.language}</span>
        <select value={choice} onChange={(event) => void choose(event.target.value as Choice)}>
          <option value="auto">{say.languageOfBrowser}</option>
          {Object.entries(LANGUAGES).map(([tag, name]) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Told />
    </aside>
  );
}
