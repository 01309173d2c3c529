// What the reader's hands do: keys, pointer, fingers and buttons.

// Pixels around the pointer in which a dot is meant; more for a finger.
const REACH = 8, FINGER = 18;
// Dots that N and P go through, and how many titles are asked for ahead.
const WALKED = 200, AHEAD = 20;
// How near one comes to an area of the list: a broad one, a fine one.
const NEAR_AREA = [3, 8];

/** The walk from dot to dot, beginning with the one nearest to the middle. */
class Walk {
  constructor(map, say) {
    Object.assign(this, { map, say, order: null });
    map.moved = () => { this.order = null; };
  }

  #begin(by) {
    const { dots, view } = this.map, { x, y } = view.place();
    const far = view.length(Math.hypot(view.width, view.height) / 2);
    const inSight = dots.near([x, y], far, (dot) => this.map.isLit(dot) && view.sees(dots.at(dot)));
    this.order = inSight.slice(0, WALKED);
    this.at = by > 0 ? -1 : 0;
  }

  /** Go ``by`` one dot, and tell its project. */
  async step(by) {
    if (!this.order) this.#begin(by);
    const { order } = this;
    if (!order.length) {
      this.say(`No ${this.map.lit ? "lit " : ""}project is in sight: press 0 for the whole map.`);
      return;
    }
    this.at = (this.at + by + order.length) % order.length;
    const place = this.at, dot = order[place];
    const others = order.slice(place, place + AHEAD).map((other) => this.map.dots.id[other]);
    const told = await this.map.point(dot, { others });
    if (!told || this.map.mark.dot !== dot) return;
    const about = told.filter((text, at) => text && told.indexOf(text) === at).join(". ");
    this.say(`${about.replace(/[.\s]+$/, "")}. ${place + 1} of ${order.length} in sight. Enter opens it.`);
  }
}

const keysOf = (map, walk) => ({
  "+": () => map.view.nearer(),
  "=": () => map.view.nearer(),
  "-": () => map.view.farther(),
  0: () => map.view.whole(),
  arrowleft: () => map.view.pan(-1, 0),
  arrowright: () => map.view.pan(1, 0),
  arrowup: () => map.view.pan(0, -1),
  arrowdown: () => map.view.pan(0, 1),
  n: () => walk.step(1),
  p: () => walk.step(-1),
  async enter() {
    if (map.mark.dot === null) await walk.step(1);
    if (map.mark.dot !== null) map.open(map.mark.dot, true);
  },
  escape() { map.panel.close(); map.point(null); },
});

/** Let the reader move the map; ``say`` tells what was done. */
export const listen = (map, say) => {
  const { stage, view, root, dots } = map;
  const keys = keysOf(map, new Walk(map, say));
  stage.addEventListener("keydown", (event) => {
    const act = keys[event.key.toLowerCase()];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });

  const under = (event, reach) => {
    const box = stage.getBoundingClientRect();
    const point = view.point([event.clientX - box.left - stage.clientLeft, event.clientY - box.top - stage.clientTop]);
    const near = dots.near(point, view.length(reach + map.diameter() / 2));
    return near.find((dot) => map.isLit(dot)) ?? near[0] ?? null;
  };
  const pointAt = (dot) => {
    stage.classList.toggle("on-dot", dot !== null);
    // The opened project stays marked.
    const shown = dot ?? dots.places.get(map.panel.id) ?? null;
    if (shown !== map.mark.dot) map.point(shown, { later: true });
  };
  stage.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "touch" && !event.buttons) pointAt(under(event, REACH));
  });
  stage.addEventListener("pointerleave", () => pointAt(null));
  stage.addEventListener("click", (event) => {
    const dot = under(event, event.pointerType === "touch" ? FINGER : REACH);
    if (dot !== null) map.open(dot, false);
  });
  root.querySelector(".map-tools").addEventListener("click", ({ target }) => {
    if (["nearer", "farther", "whole"].includes(target.dataset.do)) view[target.dataset.do]();
  });
  new ResizeObserver(() => {
    if (!stage.clientWidth) return; // It is not shown, as on paper.
    if (stage.clientWidth !== view.width || stage.clientHeight !== view.height) map.measure();
  }).observe(stage);
};

/** Let the areas of the list lead to their places on the map. */
export const listenToList = (list, map, say) => {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-cluster]");
    const cluster = button && map.dots.clusters.find(({ number }) => number === Number(button.dataset.cluster));
    if (!cluster) return;
    map.view.go({ x: cluster.x, y: cluster.y, zoom: NEAR_AREA[cluster.level] });
    map.stage.scrollIntoView({ block: "center" });
    map.stage.focus();
    say(`${cluster.name}: ${cluster.projects} projects.`);
  });
  for (const button of list.querySelectorAll("button[data-cluster]")) button.hidden = false;
};
