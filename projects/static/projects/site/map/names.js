// The names of areas over the canvas: the broad ones far away, their parts near, none over another.

// From how near the parts are named, too; and from where the broad ones are not.
const PARTS_FROM = 1.8, BROAD_TO = 6;
const MARGIN = 6;

export class Names {
  constructor(place, clusters) {
    this.place = place;
    this.names = clusters.map((cluster) => {
      const element = document.createElement("span");
      element.textContent = cluster.name;
      element.className = cluster.level === 0 ? "broad" : "fine";
      place.append(element);
      return { ...cluster, element };
    });
    this.chosenFor = null;
  }

  /** Measure the names: again where fonts or the size of the stage may have changed. */
  measure() {
    for (const name of this.names) {
      name.width = name.element.offsetWidth + MARGIN;
      name.height = name.element.offsetHeight + MARGIN;
    }
    this.chosenFor = null;
  }

  /** Show the names that have room in ``view``. Which those are depends on how near it is alone: none flickers. */
  show(view) {
    const near = view.place().zoom;
    if (near !== this.chosenFor) this.#choose(view, near);
    for (const { element, x, y, width } of this.chosen) {
      let [left, top] = view.pixels([x, y]);
      // A name whose area is in sight is read whole.
      if (left >= 0 && left <= view.width) left = Math.max(width / 2, Math.min(view.width - width / 2, left));
      element.style.setProperty("--left", `${left.toFixed(1)}px`);
      element.style.setProperty("--top", `${top.toFixed(1)}px`);
    }
  }

  #choose(view, near) {
    const wanted = this.names.filter(({ level }) => (level === 0 ? near < BROAD_TO : near >= PARTS_FROM));
    const rank = ({ level, projects }) => (level === 0 ? 1e9 : 0) + projects;
    this.chosen = [];
    for (const name of wanted.sort((one, other) => rank(other) - rank(one))) {
      [name.left, name.top] = view.pixels([name.x, name.y]);
      const isFree = this.chosen.every((other) => (
        Math.abs(name.left - other.left) * 2 >= name.width + other.width || Math.abs(name.top - other.top) * 2 >= name.height + other.height
      ));
      if (isFree) this.chosen.push(name);
    }
    const shown = new Set(this.chosen);
    for (const name of this.names) name.element.hidden = !shown.has(name);
    this.chosenFor = near;
  }
}
