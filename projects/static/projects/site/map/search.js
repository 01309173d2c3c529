// Search and filters of the map: what fits is asked for, and lights up.

/** Return whether an address asks for anything but a project. */
const asksFor = (query) => [...new URLSearchParams(query)].some(([name, value]) => name !== "project" && value);
const REASONS = {
  400: "This cannot be looked for.",
  429: "That were too many searches: try again in a minute.",
  503: "The search took too long: look for fewer or rarer words.",
};

const nameOf = (link) => link.getAttribute("aria-label") ?? link.textContent;

/** Unfold in ``next`` what is unfolded in ``now``; return a function that puts the keyboard where it stood. */
const carried = (now, next) => {
  const group = (section) => `.filter[aria-labelledby="${section.getAttribute("aria-labelledby")}"]`;
  const groups = [...now.querySelectorAll(".filter")].map((section) => `${group(section)} > details`);
  for (const selector of [".map-filters", ...groups]) {
    const before = now.querySelector(selector), after = next.querySelector(selector);
    if (before && after) after.open = before.open;
  }
  const focused = now.contains(document.activeElement) ? document.activeElement : null;
  return () => {
    if (focused?.name === "q") next.querySelector("input[name=q]").focus();
    else if (focused?.matches("a")) {
      const section = focused.closest(".filter"), name = nameOf(focused);
      const same = [...next.querySelectorAll(section ? `${group(section)} a` : "a")].find((link) => nameOf(link) === name);
      (same ?? next.querySelector("summary")).focus();
    } else if (focused) next.querySelector("button").focus();
  };
};

export class Search {
  /** ``lit`` is called with the ids that were found, null for all; ``said`` with a sentence for the reader. */
  constructor(root, lit, said) {
    this.root = root;
    this.lit = lit;
    this.said = said;
    this.latest = 0;
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      const query = new URLSearchParams([...new FormData(event.target)].filter(([, value]) => value));
      this.go(`?${query}`);
    });
    root.addEventListener("click", (event) => {
      const link = event.target.closest(".map-asks a[href^='?'], .map-asks a[data-all]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.go(new URL(link.href).search);
    });
  }

  /** Look for what ``query`` asks, and show its filters; the address follows. */
  async go(query) {
    const number = ++this.latest;
    const lighting = this.light(query, number);
    const answer = await fetch(`${location.pathname}${query}`).catch(() => null);
    if (number !== this.latest) return;
    if (!answer?.ok) { await lighting; return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = this.root.querySelector(".map-asks"), next = page.querySelector(".map-asks");
    if (number !== this.latest || !next) return;
    const focusAgain = carried(now, next);
    now.replaceWith(next);
    focusAgain();
    await lighting;
  }

  /** Light up what ``query`` asks for. */
  async light(query, number = ++this.latest) {
    if (!asksFor(query)) { this.lit(null, query); this.said(""); return; }
    const asked = new URLSearchParams(query);
    asked.delete("project");
    const answer = await fetch(`${this.root.dataset.found}?${asked}`).catch(() => null);
    if (number !== this.latest) return;
    if (!answer?.ok) {
      this.said(REASONS[answer?.status] ?? "The search did not answer: try again.");
      return;
    }
    const { ids, notice, messages } = await answer.json();
    if (number !== this.latest) return;
    const shown = this.lit(ids, query), missing = ids.length - shown;
    const told = [shown === 1 ? "1 project is lit." : `${shown.toLocaleString("en")} projects are lit.`];
    if (!ids.length) told[0] = "Nothing was found.";
    if (missing) told.push(`${missing.toLocaleString("en")} more have no place on the map yet.`);
    this.said([...told, notice, ...messages].filter(Boolean).join(" "));
  }
}
