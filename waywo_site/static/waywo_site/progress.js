// Batches and threads that move by themselves: what has a data-progress-url on a page of the admin asks how far its
// batch or thread is, and shows it: bars (data-part), words and figures (data-figure), until that has ended.
"use strict";

window.waywoBatch = {
  // Show in ``element`` how far a batch is.
  show(element, batch) {
    const figures = [element, ...element.querySelectorAll("[data-figure]")].filter((one) => one.dataset.figure);
    for (const one of figures) {
      const figure = batch[one.dataset.figure];
      one.textContent = typeof figure === "number" ? figure.toLocaleString("en") : figure || "—";
    }
    const bar = element.querySelector("[role=progressbar]");
    if (!bar) return;
    bar.setAttribute("aria-valuenow", batch.done);
    for (const part of bar.querySelectorAll("[data-part]")) {
      part.style.width = `${(100 * batch[part.dataset.part]) / (batch.total || 1)}%`;
    }
    element.className = `waywo-progress waywo-progress-${batch.state}`;
  },
};

window.addEventListener("load", () => {
  const POLL = 3000;
  const follow = async (url, elements) => {
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (answer.status === 403 || answer.status === 404) return;
      if (answer.ok) {
        const batch = await answer.json();
        elements.forEach((element) => window.waywoBatch.show(element, batch));
        if (batch.is_finished) {
          // What can be done with a batch that has ended is not what could be done before.
          if (document.querySelector("[data-reload-at-end]")) location.reload();
          return;
        }
      }
    } catch {
      // The server is away for a moment: the bar stands still until it is back.
    }
    const again = () => (document.hidden ? setTimeout(again, POLL) : follow(url, elements));
    setTimeout(again, POLL);
  };
  const byUrl = new Map();
  for (const element of document.querySelectorAll("[data-progress-url]")) {
    const url = element.dataset.progressUrl;
    byUrl.set(url, [...(byUrl.get(url) || []), element]);
  }
  byUrl.forEach((elements, url) => follow(url, elements));
});
