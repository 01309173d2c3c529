// The map of all projects. Without a script, or without WebGL, the list of areas below is the map.
import { MapCanvas } from "./canvas.js";
import { Dots } from "./dots.js";
import { listen, listenToList } from "./hands.js";
import { Plot } from "./plot.js";
import { Search } from "./search.js";

const root = document.getElementById("map"), stage = root.querySelector(".map-stage");
const list = document.querySelector(".map-areas"), said = root.querySelector(".map-said");
/** Tell the reader, screen readers too. */
const say = (text) => { said.textContent = text; };

/** Say why there is no canvas; the list of areas stays, and a search leads to the list of projects. */
const giveUp = (text) => {
  root.querySelector(".map-frame").hidden = true;
  const why = root.querySelector(".map-why");
  why.textContent = text;
  why.hidden = false;
};

const counted = ({ count, waiting }) => {
  const shown = `${count.toLocaleString("en")} project${count === 1 ? "" : "s"} on the map.`;
  return waiting ? `${shown} ${waiting.toLocaleString("en")} came since, and wait for the next drawing.` : shown;
};

const start = async () => {
  root.querySelector(".without-script").remove();
  root.querySelector(".map-frame").hidden = false;
  let plot;
  try { plot = new Plot(stage); } catch {
    giveUp("This browser cannot draw the map: it has no WebGL 2, or it is turned off. The list below has the same projects.");
    return;
  }
  const answer = await fetch(root.dataset.dots).catch(() => null);
  if (!answer?.ok) {
    giveUp(`The map could not be loaded (${answer ? answer.status : "no answer"}). Load the page again, or use the list below.`);
    return;
  }
  let dots;
  try { dots = new Dots(await answer.arrayBuffer()); } catch {
    giveUp("The map came incomplete. Load the page again, or use the list below.");
    return;
  }
  const map = new MapCanvas(root, plot, dots);
  listen(map, say);
  if (list) listenToList(list, map, say);
  root.querySelector(".map-count").textContent = counted(dots);
  await new Search(root, (ids, query) => map.light(ids, query), say).light(location.search);
  stage.dataset.drawn = dots.count;
  /** What tests and benchmarks move and read. */
  stage.waywo = map;
};
start();
