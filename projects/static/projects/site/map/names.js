// The names of areas over the canvas: the broad ones far away, their parts near, none over another.

// From how near the parts are named, too; and from where the broad ones are not. A small index has no broad ones.
const PARTS_FROM = 1.8, BROAD_TO = 6;
const MARGIN = 6;

const within = (value, half, whole) => Math.max(half, Math.min(whole - half, value));
const isFree = (name, others) => others.every((other) => (
  Math.abs(name.left - other.left) * 2 >= name.width + other.width || Math.abs(name.top - other.top) * 2 >= name.height + other.height
));

export class Names {
  constructor(place, clusters) {
    this.names = clusters.map((cluster) => {
      const element = document.createElement("span");
      element.textContent = cluster.name;
      // Unseen, it still has a size.
      element.className = `${cluster.level === 0 ? "broad" : "fine"} unshown`;
      place.append(element);
      return { ...cluster, element };
    });
    this.partsFrom = clusters.some((cluster) => cluster.level === 0) ? PARTS_FROM : 0;
    // Who has room first: broad ones, then those with more projects.
    this.names.sort((one, other) => one.level - other.level || other.projects - one.projects);
  }

  /** Measure the names: again where the size of the stage, and so of their letters, may have changed. */
  measure() {
    for (const name of this.names) {
      name.width = name.element.offsetWidth + MARGIN;
      name.height = name.element.offsetHeight + MARGIN;
    }
  }

  /** Show the names of the areas in sight of ``view`` that have room, each whole. */
  show(view) {
    const near = view.place().zoom, chosen = [];
    for (const name of this.names) {
      const isMeant = name.level === 0 ? near < BROAD_TO : near >= this.partsFrom;
      let isShown = isMeant && view.sees([name.x, name.y]);
      if (isShown) {
        const [left, top] = view.pixels([name.x, name.y]);
        name.left = within(left, name.width / 2, view.width);
        name.top = within(top, name.height / 2, view.height);
        isShown = isFree(name, chosen);
      }
      name.element.classList.toggle("unshown", !isShown);
      if (!isShown) continue;
      chosen.push(name);
      name.element.style.setProperty("--left", `${name.left.toFixed(1)}px`);
      name.element.style.setProperty("--top", `${name.top.toFixed(1)}px`);
    }
  }
}
