// Follows each trial on the page until it ends, and shows what came of it.
"use strict";

const POLL = 1500;

async function follow(trial) {
    let pause = POLL;
    try {
        const answer = await fetch(trial.dataset.trialUrl);
        if (answer.ok) {
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            const fresh = page.querySelector(".trial");
            trial.replaceWith(fresh);
            if (!fresh.dataset.trialUrl) return;
            trial = fresh;
        } else {
            pause = 3 * POLL;
        }
    } catch {
        pause = 3 * POLL; // The server is away for a moment; the reading goes on without us.
    }
    setTimeout(() => follow(trial), pause);
}
document.querySelectorAll("[data-trial-url]").forEach((trial) => setTimeout(() => follow(trial), POLL / 3));
