// What is told of single dots: the title under the pointer, and a project beside the map.

const PAUSE = 90;

/** Titles by id, asked for once. */
export class Titles {
  constructor(address) {
    this.address = address;
    this.known = new Map();
  }

  /** Return title and short description of a project; null where it cannot be told. */
  async of(id, others = []) {
    if (!this.known.has(id)) {
      const ids = [id, ...others.filter((other) => other !== id && !this.known.has(other))].slice(0, 50);
      const asking = fetch(`${this.address}?ids=${ids.join(",")}`)
        .then((answer) => (answer.ok ? answer.json() : { titles: {} }))
        .then(({ titles }) => titles, () => ({}));
      for (const each of ids) this.known.set(each, asking.then((titles) => titles[each] ?? null));
      // What could not be told is asked for again.
      asking.then((titles) => { for (const each of ids) if (!titles[each]) this.known.delete(each); });
    }
    return this.known.get(id);
  }
}

/** The ring around a dot, with its title. */
export class Mark {
  constructor(element, titles) {
    this.element = element;
    this.titles = titles;
    this.dot = null;
  }

  /** Mark the dot ``dot`` with the id ``id``, after a short pause where ``later``; nothing for null. */
  set(dot, id, { later = false, others = [] } = {}) {
    clearTimeout(this.pause);
    this.dot = dot;
    this.element.hidden = dot === null;
    const tip = this.element.firstElementChild;
    tip.textContent = "";
    if (dot === null) return Promise.resolve(null);
    const told = new Promise((done) => {
      this.pause = setTimeout(done, later ? PAUSE : 0);
    }).then(() => this.titles.of(id, others)).then((found) => {
      if (this.dot === dot && found) tip.textContent = found[0];
      return found;
    });
    return told;
  }

  /** Put it where its dot is now. */
  show(view, dots, diameter) {
    if (this.dot === null) return;
    const [left, top] = view.pixels(dots.at(this.dot));
    this.element.style.setProperty("--left", `${left.toFixed(1)}px`);
    this.element.style.setProperty("--top", `${top.toFixed(1)}px`);
    this.element.style.setProperty("--ring", `${(diameter + 8).toFixed(1)}px`);
    this.element.style.setProperty("--room", `${Math.round(Math.max(left, view.width - left) - diameter - 16)}px`);
    this.element.classList.toggle("at-right", left > view.width / 2);
    this.element.hidden = !view.sees(dots.at(this.dot));
  }
}

/** The project beside the map. */
export class Panel {
  constructor(element, address, closed) {
    this.element = element;
    this.address = address;
    this.content = element.querySelector(".map-project");
    this.closed = closed;
    this.id = null;
    element.querySelector("button").addEventListener("click", () => this.close());
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.close();
    });
  }

  /** Show a project; with ``focus`` the keyboard goes there. */
  async open(id, focus = false) {
    this.id = id;
    this.element.hidden = false;
    this.content.setAttribute("aria-busy", "true");
    // htmx tells the page's other scripts, which add the star.
    await htmx.ajax("GET", this.address.replace("/0/", `/${id}/`), { target: this.content, swap: "innerHTML" });
    if (this.id !== id) return;
    this.content.removeAttribute("aria-busy");
    if (this.content.querySelector(`[data-project="${id}"]`) === null) {
      this.content.textContent = "This project could not be loaded: it may not be shown any more.";
    }
    if (focus) (this.content.querySelector("a") ?? this.element.querySelector("button")).focus();
  }

  close() {
    if (this.id === null) return;
    this.id = null;
    this.element.hidden = true;
    this.content.replaceChildren();
    this.closed();
  }
}
