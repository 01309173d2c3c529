// Asks before a form with data-question is sent.
document.addEventListener("submit", (event) => {
    const question = event.target.dataset.question;
    if (question && !window.confirm(question)) {
        event.preventDefault();
    }
});
