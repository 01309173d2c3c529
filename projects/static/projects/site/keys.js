// Keys of the readers' site. "?" lists them and turns them off (WCAG 2.1.4); without a script links do the same.
"use strict";

(() => {
  const OFF = "waywo.keys-off";
  const areOff = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };

  /** Put the cursor into the search of everything. */
  const search = () => {
    const field = document.querySelector("[aria-keyshortcuts='/']");
    if (!field) return;
    field.focus();
    field.select();
  };
  /** Go to the next or the previous project of the page. */
  const step = (by) => {
    const links = [...document.querySelectorAll("main [data-project]:not(.project) :is(h2, h3, h4) a")];
    const here = links.findIndex((link) => link.closest("[data-project]").contains(document.activeElement));
    const next = links[here < 0 ? (by > 0 ? 0 : links.length - 1) : here + by];
    if (next) next.focus();
  };
  /** Press the star of the project that the keyboard stands on, else of the page's own. */
  const star = () => {
    const place = document.activeElement.closest("[data-project]") || document.querySelector("article.project");
    const button = place && place.querySelector("button.star");
    if (button) button.click();
  };
  const follow = (selector) => {
    // Of several the last: the pages of a list stand below it, those of months above.
    const link = [...document.querySelectorAll(selector)].pop();
    if (link) link.click();
  };
  const KEYS = [
    ["/", "Search", search],
    ["j", "Next project of the page", () => step(1)],
    ["k", "Project before it", () => step(-1)],
    ["s", "Save it, or forget it", star],
    ["n", "Next page of a list", () => follow("a[rel=next]")],
    ["p", "Page before it", () => follow("a[rel=prev]")],
    ["r", "Surprise me: a project at random", () => follow("a[data-surprise]")],
    ["?", "These keys", () => open()],
  ];

  let dialog;
  const element = (name, ...content) => {
    const made = document.createElement(name);
    made.append(...content);
    return made;
  };
  /** Show which keys there are, with a switch. */
  const open = () => {
    if (!dialog) {
      const heading = element("h2", "Keys"), list = element("dl"), box = document.createElement("input");
      heading.id = "keys-heading";
      for (const [key, meaning] of KEYS) list.append(element("div", element("dt", element("kbd", key)), element("dd", meaning)));
      box.type = "checkbox";
      box.checked = !areOff();
      box.addEventListener("change", () => {
        try { localStorage.setItem(OFF, box.checked ? "0" : "1"); } catch { box.checked = true; }
      });
      const close = element("button", "Close");
      const content = element("form", heading, list, element("label", box, " Use these keys"), close);
      content.method = "dialog";
      dialog = element("dialog", element("article", content));
      dialog.className = "keys";
      dialog.setAttribute("aria-labelledby", heading.id);
      document.body.append(dialog);
    }
    if (!dialog.open) dialog.showModal();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog")) return;
    const found = KEYS.find(([key]) => key === event.key);
    if (!found || areOff()) return;
    event.preventDefault();
    found[2]();
  });

  // A way to them for who does not know "?", or turned them off.
  const links = document.querySelector("footer ul");
  if (links) {
    const button = element("button", "Keys");
    button.type = "button";
    button.className = "plain";
    button.addEventListener("click", open);
    links.append(element("li", button));
  }
})();
