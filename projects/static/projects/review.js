// The review page: keys and buttons, the next project loaded before it is asked for.
(() => {
    const page = document.getElementById("review");
    const holder = document.getElementById("review-item");
    const message = document.getElementById("review-message");
    const csrf = page.querySelector("[name=csrfmiddlewaretoken]").value;
    const panels = ["reject", "merge", "split", "snooze", "help"];
    let next = null; // a promise of the HTML of the project after the one that is shown
    let busy = false;
    let finding = 0;

    const article = () => holder.querySelector("article");
    const panel = (name) => document.getElementById(`review-${name}`);
    const address = (base, extra) => {
        const query = new URLSearchParams(window.location.search);
        query.delete("project");
        Object.entries(extra).forEach(([name, value]) => query.set(name, value));
        return `${base}?${query}`;
    };

    const say = (text, kind = "good", link = null) => {
        message.textContent = text;
        message.dataset.kind = kind;
        if (link) {
            const anchor = document.createElement("a");
            anchor.href = link.url;
            anchor.textContent = link.text;
            message.append(" ", anchor);
        }
    };

    const get = async (url) => {
        const response = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
        if (!response.ok || response.redirected) {
            throw new Error(response.redirected ? "You are signed out: load the page again." : `The server answered ${response.status}.`);
        }
        return response;
    };

    const fetchItem = async (extra) => (await get(address(page.dataset.itemUrl, extra))).text();

    const closePanels = () => {
        panels.forEach((name) => { if (panel(name)) { panel(name).hidden = true; } });
    };

    const opened = () => panels.find((name) => panel(name) && !panel(name).hidden);

    const show = (html, { keepPlace = false } = {}) => {
        holder.innerHTML = html;
        closePanels();
        next = null;
        if (article()) {
            next = fetchItem({ after: article().dataset.cursor });
            next.catch(() => {}); // told when it is needed
        }
        if (!keepPlace) {
            window.scrollTo({ top: 0 });
        }
    };

    const showProgress = (progress) => {
        if (!progress) {
            return;
        }
        const bar = document.getElementById("review-bar");
        bar.max = progress.total || 1;
        bar.value = progress.reviewed;
        document.getElementById("review-waiting").textContent = progress.waiting.toLocaleString("en");
        document.getElementById("review-reviewed").textContent = progress.reviewed.toLocaleString("en");
        document.getElementById("review-total").textContent = progress.total.toLocaleString("en");
        const ideas = document.getElementById("review-ideas");
        ideas.textContent = progress.ideas.toLocaleString("en");
        ideas.parentElement.hidden = !progress.ideas;
        document.getElementById("review-unsure").textContent = progress.unsure.toLocaleString("en");
        const snoozed = document.getElementById("review-snoozed");
        snoozed.textContent = progress.snoozed.toLocaleString("en");
        snoozed.parentElement.hidden = !progress.snoozed && !page.hasAttribute("data-snoozed");
        document.getElementById("review-mine").textContent = progress.mine.toLocaleString("en");
    };

    const advance = async () => {
        if (!article()) {
            show(await fetchItem({}));
            return;
        }
        const shown = article().dataset.project;
        let html = await (next || fetchItem({ after: article().dataset.cursor }));
        show(html);
        if (article() && article().dataset.project === shown) {
            say("It is the only one that waits.", "good");
        }
    };

    // One thing at a time: a key that is pressed meanwhile would be meant for another project.
    const alone = async (work) => {
        if (busy) {
            return;
        }
        busy = true;
        page.dataset.busy = "";
        try {
            await work();
        } catch (error) {
            say(error instanceof TypeError ? "The server does not answer. Nothing was changed." : error.message, "bad");
        } finally {
            busy = false;
            delete page.dataset.busy;
        }
    };

    const post = async (url, body) => {
        const response = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": csrf } });
        const isJson = (response.headers.get("Content-Type") || "").includes("json");
        if (!isJson || response.redirected) {
            throw new Error(response.status === 403 ? "You may not do this, or you are signed out: load the page again." : `The server answered ${response.status}. Nothing was changed.`);
        }
        return { ok: response.ok, answer: await response.json() };
    };

    // Waits for a second reading; the project is loaded again if it is still the one that is shown and nobody types in it.
    const follow = async (url, project) => {
        let state = { finished: false };
        while (!state.finished) {
            await new Promise((resolve) => { window.setTimeout(resolve, 1500); });
            state = await (await get(url)).json();
        }
        if (!article() || article().dataset.project !== project) {
            return;
        }
        const form = holder.querySelector(".review-edit");
        if (state.error) {
            say(`Reading it again failed: ${state.error}`, "bad");
        } else if (opened() || (form && !form.hidden)) {
            say("It was read again: press l to load it.");
        } else {
            await alone(async () => {
                show(await fetchItem({ project }), { keepPlace: true });
                say(article() ? "It was read again: this is what was found." : "It was read again: the project is gone. Press s for the next one.");
            });
        }
    };

    const act = (action, extra = {}) => alone(async () => {
        if (!article()) {
            return;
        }
        const { project, seen } = article().dataset;
        const { ok, answer } = await post(address(page.dataset.actUrl, {}), new URLSearchParams({ ...extra, action, project, seen }));
        say(answer.message, ok ? "good" : "bad");
        showProgress(answer.progress);
        if (answer.task_url) {
            follow(answer.task_url, project).catch((error) => say(error.message, "bad"));
        }
        if (answer.errors) {
            Object.entries(answer.errors).forEach(([name, errors]) => {
                const place = holder.querySelector(`[data-error="${CSS.escape(name)}"]`);
                if (place) {
                    place.textContent = errors.join(" ");
                }
            });
        } else if (answer.item) {
            show(answer.item, { keepPlace: true });
        } else if (ok || answer.gone) {
            await advance();
        }
    });

    const undo = () => alone(async () => {
        const { ok, answer } = await post(address(page.dataset.undoUrl, {}), new URLSearchParams());
        say(answer.message, ok ? "good" : "bad", answer.link);
        showProgress(answer.progress);
        if (answer.item) {
            show(answer.item);
        }
    });

    const choice = (number, title, text, note, chosen) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "desk-button";
        const words = document.createElement("span");
        const strong = document.createElement("strong");
        strong.textContent = title;
        const small = document.createElement("small");
        small.textContent = ` ${[note, text].filter(Boolean).join(" · ")}`;
        words.append(strong, small);
        if (number < 10) {
            const key = document.createElement("kbd");
            key.textContent = number;
            button.append(key);
        }
        button.append(words);
        button.addEventListener("click", chosen);
        return button;
    };

    const nothing = (text) => {
        const paragraph = document.createElement("p");
        paragraph.className = "desk-muted";
        paragraph.textContent = text;
        return paragraph;
    };

    const offerTargets = (rows) => {
        const list = document.getElementById("review-targets");
        const buttons = rows.map((row, at) => choice(at + 1, row.title, row.text, row.note, () => act("merge", { target: row.id })));
        list.replaceChildren(...(buttons.length ? buttons : [nothing("None found: type a title, tag, address or id.")]));
    };

    const similarOnes = () => [...holder.querySelectorAll("[data-target]")].map(({ dataset }) => ({ id: dataset.target, title: dataset.title, text: dataset.text, note: dataset.note }));

    const find = async (text) => {
        const turn = ++finding;
        if (!text.trim()) {
            offerTargets(similarOnes());
            return;
        }
        const query = new URLSearchParams({ q: text, without: article().dataset.project });
        const { projects } = await (await get(`${page.dataset.findUrl}?${query}`)).json();
        if (turn === finding) {
            offerTargets(projects.map((row) => ({ id: row.id, title: row.title, text: row.short_description, note: `#${row.id}, ${row.status.toLowerCase()}` })));
        }
    };

    const open = (name) => {
        const wasOpen = opened() === name;
        closePanels();
        if (wasOpen || (name !== "help" && !article())) {
            return;
        }
        if (name === "merge") {
            document.getElementById("review-find").value = "";
            offerTargets(similarOnes());
        }
        if (name === "split") {
            const parts = [...holder.querySelectorAll("[data-submission]")];
            const buttons = parts.map(({ dataset }, at) => choice(at + 1, dataset.title, dataset.text, "", () => act("split", { submission: dataset.submission })));
            document.getElementById("review-parts").replaceChildren(...(parts.length > 1 ? buttons : [nothing("It was posted once: there is nothing to split off.")]));
        }
        if (name === "reject") {
            document.getElementById("review-reason").value = "";
        }
        if (name === "snooze") {
            document.getElementById("review-note").value = "";
            panel("snooze").querySelector("[data-act=wake]").hidden = !("snoozed" in article().dataset);
        }
        panel(name).hidden = false;
    };

    const edit = (on) => {
        const form = holder.querySelector(".review-edit");
        if (!form) {
            return;
        }
        closePanels();
        form.hidden = !on;
        holder.querySelector(".review-shown").hidden = on;
        if (on) {
            form.elements.title.focus();
        } else {
            form.reset();
        }
    };

    const openLink = () => {
        const link = holder.querySelector("[data-primary]");
        if (link) {
            link.click();
        }
    };

    const reload = () => alone(async () => {
        if (article()) {
            show(await fetchItem({ project: article().dataset.project }), { keepPlace: true });
            say("Loaded again.");
        }
    });

    const doings = {
        approve: () => act("approve"),
        reject: () => open("reject"),
        bookmark: () => act("bookmark"),
        edit: () => edit(true),
        cancel: () => edit(false),
        merge: () => open("merge"),
        split: () => open("split"),
        snooze: () => open("snooze"),
        wake: () => act("wake"),
        read: () => act("read"),
        undo,
        skip: () => alone(async () => { say(""); await advance(); }),
        reload,
        link: openLink,
        help: () => open("help"),
    };
    const keys = { a: "approve", r: "reject", b: "bookmark", e: "edit", m: "merge", x: "split", g: "read", z: "snooze", u: "undo", s: "skip", ArrowRight: "skip", l: "reload", o: "link", "?": "help" };
    const readOnly = ["skip", "reload", "link", "help"];
    const allowed = (name) => page.dataset.mayReview === "1" || readOnly.includes(name);

    document.addEventListener("click", (event) => {
        const button = event.target.closest("#review [data-act], #review [data-reason], #review [data-until]");
        if (button && button.dataset.reason) {
            act("reject", { reason: button.dataset.reason });
        } else if (button && button.dataset.until) {
            act("snooze", { until: button.dataset.until, note: document.getElementById("review-note").value });
        } else if (button) {
            doings[button.dataset.act]();
        }
    });

    document.addEventListener("submit", (event) => {
        if (!page.contains(event.target)) {
            return;
        }
        event.preventDefault();
        if (event.target.matches(".review-edit")) {
            holder.querySelectorAll("[data-error]").forEach((place) => { place.textContent = ""; });
            act("edit", Object.fromEntries(new FormData(event.target)));
        } else if (event.target.closest("#review-reject")) {
            act("reject", { reason: document.getElementById("review-reason").value });
        } else if (event.target.closest("#review-snooze")) {
            document.activeElement.blur(); // now a number says when
        } else if (event.target.closest("#review-merge")) {
            const first = document.querySelector("#review-targets button");
            if (first) {
                first.click();
            }
        }
    });

    const findBox = document.getElementById("review-find");
    let waiting = 0;
    if (findBox) {
        findBox.addEventListener("input", () => {
            window.clearTimeout(waiting);
            waiting = window.setTimeout(() => find(findBox.value).catch((error) => say(error.message, "bad")), 200);
        });
    }

    document.addEventListener("keydown", (event) => {
        const typing = event.target.closest("input, textarea, select, [contenteditable]");
        if (event.key === "Escape") {
            closePanels();
            edit(false);
            document.activeElement.blur();
            return;
        }
        if (typing) {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
                event.preventDefault();
                event.target.form.requestSubmit();
            }
            return;
        }
        if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) {
            return;
        }
        const name = opened();
        if (/^[1-9]$/.test(event.key) && name && name !== "help") {
            const button = panel(name).querySelectorAll(".desk-tools button, .review-choices button")[Number(event.key) - 1];
            if (button && !button.hidden) {
                event.preventDefault();
                button.click();
            }
            return;
        }
        if (name === "reject" && event.key === "Enter") {
            event.preventDefault();
            document.getElementById("review-reason").focus();
            return;
        }
        if (["merge", "snooze"].includes(name) && event.key === "/") {
            event.preventDefault();
            panel(name).querySelector("input").focus();
            return;
        }
        const doing = keys[event.key];
        if (doing && allowed(doing)) {
            event.preventDefault();
            doings[doing]();
        }
    });

    if (article()) {
        next = fetchItem({ after: article().dataset.cursor });
        next.catch(() => {});
    }
})();
