// What our pages of the admin ask and do in the browser. A form with data-question, or a button with data-confirm, asks
// before it does its work, in a dialog of the page; a button with data-copy puts its text on the clipboard.
"use strict";

(() => {
    // Resolves to whether the person agreed. Escape and the other button mean no.
    const ask = (question, yes) =>
        new Promise((resolve) => {
            const dialog = document.createElement("dialog");
            dialog.className = "desk-dialog";
            dialog.setAttribute("aria-label", "Please confirm");
            const words = document.createElement("p");
            words.textContent = question;
            const choices = document.createElement("form");
            choices.method = "dialog";
            choices.className = "desk-tools";
            for (const [value, label, kind] of [["yes", yes, "desk-button desk-primary"], ["", "Cancel", "desk-button"]]) {
                const button = document.createElement("button");
                Object.assign(button, { value, className: kind, textContent: label });
                choices.append(button);
            }
            dialog.append(words, choices);
            dialog.addEventListener("close", () => {
                dialog.remove();
                resolve(dialog.returnValue === "yes");
            });
            document.body.append(dialog);
            dialog.showModal();
        });

    const agreed = new WeakSet();
    document.addEventListener("submit", (event) => {
        const form = event.target;
        const button = event.submitter;
        const question = button?.dataset.confirm || form.dataset.question;
        if (!question || agreed.delete(form)) return;
        event.preventDefault();
        ask(question, button?.dataset.yes || "Go on").then((yes) => {
            if (!yes) return button?.focus();
            agreed.add(form);
            if (button?.dataset.confirm) {
                // Without scripts the server asks; here it was asked.
                const said = document.createElement("input");
                Object.assign(said, { type: "hidden", name: "confirmed", value: "1" });
                form.append(said);
            }
            form.requestSubmit(button);
        });
    });

    document.addEventListener("click", async (event) => {
        const button = event.target.closest("button[data-copy]");
        if (!button) return;
        try {
            await navigator.clipboard.writeText(button.dataset.copy);
            button.textContent = "Copied";
        } catch {
            // Browsers refuse it on a page without TLS: what is marked the person copies.
            window.getSelection().selectAllChildren(button.previousElementSibling);
            button.textContent = "Marked: press Ctrl+C";
        }
    });
})();
