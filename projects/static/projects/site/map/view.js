// Which part of the map is seen: moved by wheel, drag, pinch and keys, and kept in the address.
import { select, zoom, zoomIdentity, zoomTransform } from "./vendor/d3-zoom.min.js";

const NEAREST = 200, FARTHEST = 0.7;
// Of the shorter side, what half the map takes.
const HALF = 0.46;
const STEP = 1.6, PAN = 0.2, MILLISECONDS = 250;

export class View {
  /** ``changed`` is called whenever another part is seen. */
  constructor(stage, changed) {
    this.stage = stage;
    this.selection = select(stage);
    this.behaviour = zoom()
      .scaleExtent([FARTHEST, NEAREST])
      .clickDistance(4)
      .on("zoom", () => changed());
    this.selection.call(this.behaviour);
    this.measure();
  }

  /** Take the size of the stage, and go on showing the same middle. */
  measure() {
    const before = this.width ? this.place() : { x: 0, y: 0, zoom: 1 };
    this.width = this.stage.clientWidth;
    this.height = this.stage.clientHeight;
    this.unit = HALF * Math.min(this.width, this.height);
    this.behaviour.extent([[0, 0], [this.width, this.height]]);
    this.behaviour.translateExtent([[-0.5 * this.width, -0.5 * this.height], [1.5 * this.width, 1.5 * this.height]]);
    this.go(before, false);
  }

  /** Return the middle of what is seen, in the map's units, and how near it is: 1 for the whole map. */
  place() {
    const { k, x, y } = zoomTransform(this.stage);
    const middle = this.#unit((this.width / 2 - x) / k, (this.height / 2 - y) / k);
    return { x: middle[0], y: middle[1], zoom: k };
  }

  #unit(x, y) { return [(x - this.width / 2) / this.unit, (this.height / 2 - y) / this.unit]; }

  /** Return pixels on the stage for a point of the map. */
  pixels([x, y]) {
    return zoomTransform(this.stage).apply([this.width / 2 + x * this.unit, this.height / 2 - y * this.unit]);
  }

  /** Return the point of the map for pixels on the stage. */
  point([x, y]) { return this.#unit(...zoomTransform(this.stage).invert([x, y])); }

  /** Return how long so many pixels are on the map. */
  length(pixels) { return pixels / this.unit / zoomTransform(this.stage).k; }

  /** Return the factors from the map's units to half the stage. */
  scale() {
    const { k } = zoomTransform(this.stage);
    return [2 * this.unit * k / this.width, 2 * this.unit * k / this.height];
  }

  sees([x, y]) {
    const [left, top] = this.pixels([x, y]);
    return left >= 0 && top >= 0 && left <= this.width && top <= this.height;
  }

  /** Go to a place; ``smoothly`` only where the reader did not ask for less motion. */
  go({ x, y, zoom: k }, smoothly = true) {
    const near = Math.min(NEAREST, Math.max(FARTHEST, k));
    const transform = zoomIdentity
      .translate(this.width / 2 - near * (this.width / 2 + x * this.unit), this.height / 2 - near * (this.height / 2 - y * this.unit))
      .scale(near);
    this.#moving(smoothly).call(this.behaviour.transform, transform);
  }

  nearer(by = STEP) { this.#moving(true).call(this.behaviour.scaleBy, by); }
  farther() { this.nearer(1 / STEP); }
  whole() { this.go({ x: 0, y: 0, zoom: 1 }); }

  /** Move by so many fifths of the stage. */
  pan(right, down) {
    const { k } = zoomTransform(this.stage);
    this.#moving(true).call(this.behaviour.translateBy, -right * PAN * this.width / k, -down * PAN * this.height / k);
  }

  #moving(smoothly) {
    const still = !smoothly || matchMedia("(prefers-reduced-motion: reduce)").matches;
    return still ? this.selection : this.selection.transition().duration(MILLISECONDS);
  }
}

const NUMBERS = { x: [-1.5, 1.5], y: [-1.5, 1.5], zoom: [FARTHEST, NEAREST] };

/** Return what the address keeps behind "#": x, y, zoom, colour, project; of a value that cannot be nothing. */
export const kept = () => {
  const given = new URLSearchParams(location.hash.slice(1)), found = {};
  for (const [name, [least, most]] of Object.entries(NUMBERS)) {
    const number = Number.parseFloat(given.get(name));
    if (number >= least && number <= most) found[name] = number;
  }
  if (/^[a-z]+$/.test(given.get("colour"))) found.colour = given.get("colour");
  if (/^[1-9][0-9]{0,9}$/.test(given.get("project"))) found.project = Number(given.get("project"));
  return found;
};

/** Keep the view in the address, without a new step of the browser's history. ``query`` is what stands behind "?".
 * An address without a view shows the whole map in its ``usual`` colours: as long as nobody moved, it stays so. */
export const keep = ({ x, y, zoom: k }, colour, usual, project, query) => {
  const view = { x: x.toFixed(4), y: y.toFixed(4), zoom: k.toFixed(2), colour };
  if (project) view.project = project;
  const hash = `#${new URLSearchParams(view)}`.replaceAll("-0.0000", "0.0000");
  const isWhole = hash === `#x=0.0000&y=0.0000&zoom=1.00&colour=${usual}` && !location.hash;
  if (isWhole && query === location.search) return;
  const asked = new URLSearchParams(query);
  asked.delete("project"); // The one that is open stands behind "#".
  history.replaceState(history.state, "", `${location.pathname}${asked.size ? `?${asked}` : ""}${isWhole ? "" : hash}`);
};
