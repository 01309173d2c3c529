// Bars that move by themselves: every <progress data-progress-url> on a page of the admin asks how far its batch is.
"use strict";

window.addEventListener("load", () => {
  const POLL = 3000;
  const follow = async (bar) => {
    try {
      const answer = await fetch(bar.dataset.progressUrl, { headers: { Accept: "application/json" } });
      if (answer.status === 403 || answer.status === 404) return;
      if (answer.ok) {
        const batch = await answer.json();
        bar.max = batch.total || 1;
        bar.value = batch.total ? batch.done : 1;
        const words = bar.nextSibling;
        if (words && words.nodeType === Node.TEXT_NODE) words.textContent = ` ${batch.done} of ${batch.total}`;
        if (batch.is_finished) return;
      }
    } catch {
      // The server is away for a moment: the bar stands still until it is back.
    }
    const again = () => (document.hidden ? setTimeout(again, POLL) : follow(bar));
    setTimeout(again, POLL);
  };
  document.querySelectorAll("progress[data-progress-url]").forEach((bar) => {
    if (bar.value < bar.max) follow(bar);
  });
});
