/** Axes and colours that charts over the steps of runs share. */
import type uPlot from "uplot";
import { words } from "../words/index.ts";

/** Colours by theme and name: a chart asks for each of them several times whenever it is drawn. */
const colours = new Map<string, string>();

const queries = new Map<string, MediaQueryList>();

/** Asked once a feature, and not twice a colour at each step of a run. */
function isOn(feature: string): boolean {
  const query = queries.get(feature) ?? window.matchMedia(feature);
  queries.set(feature, query);
  return query.matches;
}

/** A colour of the theme as a canvas takes it: `light-dark()` is resolved in an element's own colour only. */
export function colour(name: string): string {
  const { theme } = document.documentElement.dataset;
  const key = [name, theme, isOn("(prefers-color-scheme: dark)"), isOn("(forced-colors: active)")].join(" ");
  const known = colours.get(key);
  if (known !== undefined) return known;
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  colours.set(key, color);
  return color;
}

/** Distances between marks on the axis of steps: there is no half step. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

const FONT = "12px system-ui";

/** Of steps, and of losses. */
export function axes(): uPlot.Axis[] {
  const axis = {
    stroke: () => colour("--muted"),
    grid: { stroke: () => colour("--line"), width: 1 },
    font: FONT,
    labelFont: FONT,
    labelSize: 16,
    labelGap: 0,
  };
  const say = words().chart.axes;
  return [
    { ...axis, label: say.step, size: 28, incrs: STEPS },
    { ...axis, label: say.loss, size: 44 },
  ];
}

/** CSS pixels. */
export const HEIGHT = 240;
