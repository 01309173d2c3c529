// The first page: draws the charts, and asks every few seconds how far things have come.
"use strict";

(() => {
  const POLL = 3000;
  const REST = 15000;
  const COLOURS = { info: "#7c3aed", good: "#16a34a", bad: "#dc2626", warn: "#d97706" };

  const put = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const number = (value) => Number(value).toLocaleString("en");

  // -- charts ----------------------------------------------------------------------------------------------

  const charts = [];
  const drawChart = (canvas) => {
    const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
    charts.push(
      new Chart(canvas, {
        type: "bar",
        data: {
          labels: data.labels,
          datasets: data.series.map((series) => ({
            label: series.label,
            data: series.values,
            backgroundColor: COLOURS[series.colour],
            borderRadius: 2,
            maxBarThickness: 28,
            // A share has an axis of its own, and lies before the bars.
            ...(series.share ? { type: "line", yAxisID: "share", borderColor: COLOURS[series.colour], order: -1 } : {}),
          })),
        },
        options: {
          animation: false,
          responsive: true,
          maintainAspectRatio: false,
          plugins: { legend: { display: data.series.length > 1, position: "bottom", labels: { boxWidth: 10 } } },
          scales: {
            x: { stacked: true, grid: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 12 } },
            y: { stacked: true, beginAtZero: true, ticks: { precision: 0, maxTicksLimit: 5 } },
            ...(data.series.some((series) => series.share)
              ? { share: { position: "right", min: 0, max: 100, grid: { display: false }, ticks: { maxTicksLimit: 5 } } }
              : {}),
          },
        },
      }),
    );
    const table = document.querySelector(`[data-figures="${canvas.dataset.chart}"]`);
    const head = table.createTHead().insertRow();
    for (const name of ["", ...data.series.map((series) => series.label)]) {
      const cell = put("th", name);
      cell.scope = "col";
      head.append(cell);
    }
    const body = table.createTBody();
    data.labels.forEach((label, place) => {
      const row = body.insertRow();
      const first = put("th", label);
      first.scope = "row";
      row.append(first, ...data.series.map((series) => put("td", series.values[place] === null ? "—" : number(series.values[place]), "waywo-number")));
    });
  };
  const colourCharts = () => {
    const dark = document.documentElement.classList.contains("dark");
    for (const chart of charts) {
      chart.options.color = dark ? "#d1d5db" : "#374151";
      for (const axis of Object.values(chart.options.scales)) {
        axis.ticks.color = dark ? "#9ca3af" : "#4b5563";
        axis.grid.color = dark ? "#374151" : "#e5e7eb";
      }
      chart.update();
    }
  };

  // -- what moves ------------------------------------------------------------------------------------------

  const fill = (place, nodes) => place && place.replaceChildren(...nodes);
  const row = (cells) => {
    const element = document.createElement("tr");
    cells.forEach((cell, at) => element.append(put(at ? "td" : "th", cell, at ? "waywo-number" : "")));
    element.firstChild.scope = "row";
    return element;
  };
  const showHealth = (part, section) => {
    const checks = part.items || [];
    const order = { failed: 0, degraded: 1, ok: 2 };
    checks.sort((a, b) => order[a.state] - order[b.state]);
    const line = (check) => {
      const item = put("li", undefined, `waywo-check waywo-check-${check.state}`);
      const name = check.name.replaceAll("_", " ");
      item.append(put("strong", name), put("span", check.state, "waywo-badge"), put("span", check.reason));
      if (check.state !== "ok" && check.remedy) item.append(put("em", check.remedy));
      return item;
    };
    const bad = checks.filter((check) => check.state !== "ok");
    const good = checks.filter((check) => check.state === "ok");
    fill(section.querySelector("[data-part=items]"), bad.map(line));
    fill(section.querySelector("[data-part=well]"), good.map(line));
    section.querySelector("details").hidden = good.length === 0;
    section.querySelector("summary").textContent = `${good.length} parts are well`;
    section.querySelector("[data-part=waiting]").textContent = bad.length
      ? `${bad.length} of ${checks.length} parts need a look.`
      : "All is well.";
  };

  const age = (seconds) => {
    if (seconds === null) return "";
    if (seconds < 90) return `${Math.round(seconds)} s`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
    return `${Math.round(seconds / 3600)} h`;
  };
  const steer = async (section, queue) => {
    const told = section.querySelector("[data-part=message]");
    let problem = "The web server does not answer. Nothing was changed.";
    try {
      const answer = await fetch(section.dataset.queueUrl, {
        method: "POST",
        body: new URLSearchParams({ name: queue.name, paused: queue.is_paused ? "no" : "yes" }),
        headers: { "X-CSRFToken": section.querySelector("[name=csrfmiddlewaretoken]").value },
      });
      const isJson = (answer.headers.get("Content-Type") || "").includes("json");
      problem = isJson ? "" : "You are signed out: load the page again.";
      const now = isJson ? await answer.json() : {};
      if (now.error) problem = now.error;
      else if (isJson) showRunning(now);
    } catch {
      // told below
    }
    told.textContent = problem;
    told.hidden = !problem;
    for (const one of section.querySelectorAll("[data-queue]")) one.disabled = false;
    const button = section.querySelector(`[data-queue="${CSS.escape(queue.name)}"]`);
    if (button) button.focus();
  };
  const queueRow = (queue, section) => {
    const line = row([queue.name, number(queue.waiting), age(queue.oldest_seconds), ""]);
    const state = line.lastChild;
    const by = queue.paused_by ? ` by ${queue.paused_by}` : "";
    if (queue.is_paused) state.append(put("span", `paused${by}`, "waywo-badge waywo-warning"), " ");
    if (section.dataset.queueUrl) {
      const button = put("button", queue.is_paused ? "Resume" : "Pause", "waywo-button waywo-small");
      button.type = "button";
      button.dataset.queue = queue.name;
      button.setAttribute("aria-label", `${button.textContent} ${queue.name}`);
      button.addEventListener("click", () => {
        button.disabled = true;
        steer(section, queue);
      });
      state.append(button);
    }
    return line;
  };

  const showQueues = (queues, workers, section) => {
    const focused = document.activeElement && document.activeElement.dataset.queue;
    fill(
      section.querySelector("[data-part=items]"),
      queues.error ? [row([queues.error])] : queues.items.map((queue) => queueRow(queue, section)),
    );
    const again = focused && section.querySelector(`[data-queue="${CSS.escape(focused)}"]`);
    if (again) again.focus();
    let lines = (workers.items || []).map((worker) =>
      row([worker.name, worker.active ? `${worker.active} under way` : "idle"]),
    );
    if (!lines.length) lines = [row([workers.error || "No worker is alive: start one with make run."])];
    fill(section.querySelector("[data-part=workers]"), lines);
  };

  const PARTS = { succeeded: "good", failed: "bad", cancelled_tasks: "cancelled", running: "info" };
  // One batch: its name leads to its page; a bar of what succeeded, failed, was cancelled and runs; words and pace.
  const batchLine = (batch, section) => {
    const line = put("div", undefined, `waywo-progress waywo-progress-${batch.state}`);
    const name = put("a", batch.label || batch.group_id);
    name.href = section.dataset.batchUrl.replace("/0/", `/${encodeURIComponent(batch.group_id)}/`);
    const figures = put("span", "", "waywo-quiet");
    const words = put("span");
    words.dataset.figure = "words";
    figures.append(words);
    if (batch.paused_queue) figures.append(` · ${batch.paused_queue} is paused: resume it below`);
    else if (batch.pace) figures.append(` · ${batch.pace}`);
    const head = put("div", undefined, "waywo-batch");
    head.append(name, figures);
    const bar = put("div", undefined, "waywo-bar");
    const state = { role: "progressbar", "aria-label": batch.label || "batch", "aria-valuemin": 0, "aria-valuemax": batch.total };
    for (const [attribute, value] of Object.entries(state)) bar.setAttribute(attribute, value);
    for (const [part, colour] of Object.entries(PARTS)) {
      const piece = put("span", undefined, `waywo-fill-${colour}`);
      piece.dataset.part = part;
      bar.append(piece);
    }
    line.append(head, bar);
    window.waywoBatch.show(line, batch);
    return line;
  };
  const showBatches = (part, section) => {
    const focused = section.contains(document.activeElement) ? document.activeElement.href : null;
    fill(section.querySelector("[data-part=items]"), part.items.map((batch) => batchLine(batch, section)));
    const again = focused && [...section.querySelectorAll("a")].find((link) => link.href === focused);
    if (again) again.focus();
    section.querySelector("[data-part=empty]").hidden = part.items.length > 0;
    return part.items.some((batch) => !batch.is_finished);
  };

  // The counts of comments and projects, their bars, and what is being done.
  const showCounts = (counts) => {
    for (const [name, parts] of Object.entries(counts)) {
      const total = Object.values(parts).reduce((sum, one) => sum + one, 0);
      const write = (what, count) => {
        const place = document.querySelector(`[data-count="${name}-${what}"]`);
        if (place) place.textContent = number(count);
      };
      write("total", total);
      for (const [part, count] of Object.entries(parts)) {
        write(part, count);
        const piece = document.querySelector(`[data-bar="${name}"] [data-part="${part}"]`);
        if (piece) piece.style.width = `${(100 * count) / (total || 1)}%`;
      }
    }
  };
  const showFilling = (filling) => {
    const place = document.querySelector("[data-filling]");
    const said = filling.now.length ? filling.now : ["Nothing is being collected or read at this moment."];
    if (place && place.innerText !== said.join("\n")) fill(place, said.map((sentence) => put("p", sentence)));
    return filling.now.length > 0;
  };

  // Asks ``url`` for ever, as long as somebody looks at the page; ``show`` returns the milliseconds until it asks again.
  const poll = async (url, show) => {
    let pause = REST;
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (answer.status === 403) return;
      if (!answer.ok) throw new Error(String(answer.status));
      pause = show(await answer.json());
    } catch {
      document.querySelector("#health [data-part=waiting]").textContent =
        "The web server does not answer; what is shown may be old. It is asked again.";
    }
    const again = () => (document.hidden ? setTimeout(again, POLL) : poll(url, show));
    setTimeout(again, pause);
  };
  const showRunning = (live) => {
    showQueues(live.queues, live.workers, document.getElementById("queues"));
    showCounts(live.counts);
    const isFilled = showFilling(live.filling);
    return showBatches(live.batches, document.getElementById("batches")) || isFilled ? POLL : REST;
  };
  const showParts = (health) => {
    showHealth(health, document.getElementById("health"));
    return 4 * REST;
  };

  window.addEventListener("load", () => {
    document.querySelectorAll("canvas[data-chart]").forEach(drawChart);
    colourCharts();
    new MutationObserver(colourCharts).observe(document.documentElement, { attributeFilter: ["class"] });
    const page = document.querySelector(".waywo-dashboard");
    if (page && page.dataset.liveUrl) {
      poll(page.dataset.liveUrl, showRunning);
      poll(`${page.dataset.liveUrl}?part=health`, showParts);
    }
  });
})();
