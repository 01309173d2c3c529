// The map as it is seen: dots, names, the marked dot and the project beside, all at one view.
import { Mark, Panel, Titles } from "./beside.js";
import { colour, grey, isScheme, showLegend, whenTurned } from "./colours.js";
import { Names } from "./names.js";
import { View, keep, kept } from "./view.js";

// How near the view goes for one project.
const NEAR_ONE = 12;
const KEPT_AFTER = 250;
// Pixels of a dot: few may be large, many are small and grow as one comes near.
const SMALLEST = 2.5, LARGEST = 14, LARGEST_FAR = 10, OF_ALL = 130, GROWTH = 0.4;

export class MapCanvas {
  /** Draw ``dots`` by ``plot`` on the stage in ``root``. ``moved`` of it is called when another part is seen. */
  constructor(root, plot, dots) {
    Object.assign(this, { root, plot, dots, lit: null, query: location.search, moved: () => {} });
    this.stage = root.querySelector(".map-stage");
    this.chooser = root.querySelector("select[name=colour]");
    this.looks = new Uint8Array(4 * dots.count);
    this.mark = new Mark(root.querySelector(".map-mark"), new Titles(root.dataset.titles));
    this.panel = new Panel(root.querySelector(".map-beside"), root.dataset.project, () => this.#closed());
    this.names = new Names(root.querySelector(".map-names"), dots.clusters);
    // One month would colour all alike.
    this.usual = dots.months.length > 1 ? "month" : "tag";
    const start = kept();
    plot.take(dots.positions, this.looks);
    this.view = new View(this.stage, () => { this.moved(); this.show(); });
    this.measure();
    this.chooser.value = isScheme(start.colour) ? start.colour : this.usual;
    this.recolour();
    this.#begin(start);
    this.chooser.addEventListener("change", () => this.recolour());
    whenTurned(() => this.recolour());
  }

  #begin(start) {
    const dot = this.dots.places.get(start.project ?? Number(this.root.dataset.here));
    const [x, y] = dot === undefined ? [0, 0] : this.dots.at(dot);
    this.view.go({ x, y, zoom: dot === undefined ? 1 : NEAR_ONE, ...start }, false);
    if (dot !== undefined) this.open(dot, false);
  }

  /** Take the size of the stage. */
  measure() {
    this.view.measure();
    this.names.measure();
    this.plot.resize(this.view.width, this.view.height);
    this.show();
  }

  /** Return the diameter of a dot in pixels. */
  diameter() {
    const far = Math.min(LARGEST_FAR, Math.max(SMALLEST, OF_ALL / Math.sqrt(this.dots.count)));
    return Math.min(LARGEST, far * Math.max(1, this.view.place().zoom) ** GROWTH);
  }

  /** Show what lies at the view now. */
  show() {
    if (!this.view) return; // It is still being made.
    const { x, y } = this.view.place();
    this.plot.show([x, y], this.view.scale(), this.diameter());
    this.names.show(this.view);
    this.mark.show(this.view, this.dots, this.diameter());
    this.#keep();
  }

  /** Keep the view in the address, once it rests. */
  #keep() {
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => keep(this.view.place(), this.chooser.value, this.usual, this.panel.id, this.query), KEPT_AFTER);
  }

  /** Colour the dots by what is chosen, in the colours for a light or a dark page. */
  recolour() {
    showLegend(this.root.querySelector(".legend ul"), colour(this.chooser.value, this.dots, this.looks));
    this.stage.dataset.colour = this.chooser.value;
    this.#lookAgain();
  }

  /** Light up the projects ``ids``, all for null, which the address ``query`` asked for; return how many are here. */
  light(ids, query) {
    this.lit = ids && new Set(ids.map((id) => this.dots.places.get(id)).filter((dot) => dot !== undefined));
    for (let dot = 0; dot < this.dots.count; dot++) this.looks[4 * dot + 3] = this.lit?.has(dot) ? 255 : 0;
    this.query = query;
    this.stage.dataset.lit = this.lit ? this.lit.size : "";
    this.moved();
    this.#lookAgain();
    return this.lit?.size ?? this.dots.count;
  }

  #lookAgain() {
    const dim = [1, 3, 5].map((at) => Number.parseInt(grey().slice(at, at + 2), 16) / 255);
    this.plot.narrow(this.lit !== null, dim);
    this.plot.recoloured();
    this.#keep();
  }

  isLit(dot) { return !this.lit || this.lit.has(dot); }

  /** Mark a dot with its title, none for null; return what ``Mark.set`` does. */
  point(dot, how) {
    const telling = this.mark.set(dot, dot === null ? null : this.dots.id[dot], how);
    this.mark.show(this.view, this.dots, this.diameter());
    return telling;
  }

  /** Open the project of a dot beside the map; with ``focus`` the keyboard goes there. */
  open(dot, focus) {
    this.point(dot);
    this.panel.open(this.dots.id[dot], focus);
    this.#keep();
  }

  #closed() {
    this.point(null);
    this.stage.focus();
    this.#keep();
  }
}
