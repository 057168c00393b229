/** How the page looks and speaks in this browser, and what the machine below it can do. */
import { type Choice, useLanguage } from "../page/language.ts";
import { useApp } from "../page/store.ts";
import { words } from "../words/index.ts";
import { LANGUAGES } from "../words/languages.ts";
import { useFirstVisit } from "./first-visit.ts";
import { machineWords } from "./machine.ts";

export function SettingsPanel() {
  const { capability, theme, setTheme } = useApp();
  const { choice, choose } = useLanguage();
  // The welcome says it, too.
  const isFirst = useFirstVisit();
  const say = words().shell;
  return (
    <section className="panel" aria-labelledby="panel-settings">
      <header>
        <h2 id="panel-settings">{say.settings}</h2>
        <p className="lead">{say.settingsLead}</p>
      </header>
      <div className="row">
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
      </div>
      {!isFirst && capability?.usable && capability.adapter && (
        <p className="detail">{machineWords(capability.adapter)}</p>
      )}
    </section>
  );
}
