// Colours of dots, and the legend that says in words what they mean. All differ in lightness, too, so that who cannot
// tell red from green can tell them.
import { NO_BYTE, NO_SHORT } from "./dots.js";

// "plasma" of matplotlib, whose lightness rises evenly; of it the part that is seen on paper, or on a dark page.
const RAMP = ["#0d0887", "#47039f", "#7301a8", "#9c179e", "#bd3786", "#d8576b", "#ed7953", "#fb9f3a", "#f0f921"];
const LIGHT_PART = [0.72, 0], DARK_PART = [0.3, 0.93];
// Okabe and Ito, with darker or lighter ones of the same hue where the page asks for it.
const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#b0568a", "#3a9bd6", "#8a6d00", "#3b3b3b"];
const DARK = ["#56b4e9", "#ff8a3d", "#2fc79c", "#eba6cd", "#f0e442", "#8fa8ff", "#f4f4f4"];
const GREY = { light: "#a9a59c", dark: "#666c74" };
const STEPS = 5;

const dark = matchMedia("(prefers-color-scheme: dark)");
const bytes = (colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
const hex = (values) => `#${values.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("")}`;

/** Return the colour at ``share`` (0 to 1) of the ramp, from what is least to what is most. */
const ramp = (share) => {
  const [from, to] = dark.matches ? DARK_PART : LIGHT_PART;
  const at = (from + (to - from) * share) * (RAMP.length - 1), below = Math.min(RAMP.length - 2, Math.floor(at));
  const one = bytes(RAMP[below]), other = bytes(RAMP[below + 1]);
  return hex(one.map((value, part) => value + (other[part] - value) * (at - below)));
};
export const grey = () => (dark.matches ? GREY.dark : GREY.light);

/** Return the classes of values along a ramp; ``names`` are in their order. ``classOf`` gives a dot's, -1 for unknown. */
const ordered = (names, classOf, unknown) => {
  const colours = names.map((_, at) => ramp(names.length > 1 ? at / (names.length - 1) : 1));
  const step = Math.max(1, (names.length - 1) / (STEPS - 1));
  const told = new Set(Array.from({ length: STEPS }, (_, at) => Math.round(at * step)));
  const legend = names.map((name, at) => ({ name, colour: colours[at] })).filter((_, at) => told.has(at));
  return { colours, classOf, legend, unknown };
};
/** Return the most frequent of several values, each in a colour of its own; all others share the grey. */
const named = (names, values, nothing, other) => {
  const counts = names.map(() => 0);
  for (const value of values) if (value !== nothing) counts[value] += 1;
  const hues = dark.matches ? DARK : LIGHT;
  const most = names.map((_, at) => at).filter((at) => counts[at]).sort((one, two) => counts[two] - counts[one]).slice(0, hues.length);
  const places = new Map(most.map((value, at) => [value, at]));
  const legend = most.map((value, at) => ({ name: names[value], colour: hues[at], count: counts[value] }));
  return { colours: hues, classOf: (dot) => places.get(values[dot]) ?? -1, legend, unknown: other };
};

const monthName = (month) => new Date(`${month}-15`).toLocaleDateString("en", { month: "short", year: "numeric" });
const SCHEMES = {
  month: (dots) => ordered(dots.months.map(monthName), (dot) => (dots.month[dot] === NO_BYTE ? -1 : dots.month[dot]), "in no thread"),
  score: (dots) => ordered(Array.from({ length: 10 }, (_, at) => `${at + 1}`), (dot) => dots.score[dot] - 1, "no score"),
  tag: (dots) => named(dots.tags, dots.tag, NO_SHORT, "another tag, or none"),
  source: (dots) => named(dots.sources.map(({ label }) => label), dots.source, NO_BYTE, "another source"),
};
export const isScheme = (name) => Object.hasOwn(SCHEMES, name);

/** Write the colours of all dots by ``name`` ("month", "tag" …) into ``looks``, and return the legend's entries. */
export const colour = (name, dots, looks) => {
  const { colours, classOf, legend, unknown } = SCHEMES[name](dots);
  const known = colours.map(bytes), none = bytes(grey());
  let others = 0;
  for (let dot = 0; dot < dots.count; dot++) {
    const which = classOf(dot);
    if (which < 0) others += 1;
    looks.set(which < 0 ? none : known[which], 4 * dot);
  }
  return others ? [...legend, { name: unknown, colour: grey(), count: others }] : legend;
};

/** Fill the list ``place`` with the entries of a legend. */
export const showLegend = (place, entries) => {
  place.replaceChildren(...entries.map(({ name, colour: shown, count }) => {
    const entry = document.createElement("li"), swatch = document.createElement("span"), number = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.setProperty("--swatch", shown);
    number.className = "faint";
    number.textContent = count === undefined ? "" : ` ${count.toLocaleString("en")}`;
    entry.append(swatch, name, number);
    return entry;
  }));
};

/** Call ``changed`` when the reader's device turns to dark or to light. */
export const whenTurned = (changed) => dark.addEventListener("change", changed);
