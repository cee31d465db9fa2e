// The parts of member pages that renew themselves. Every page can be read without this.
(() => {
    const KEY = "updates-paused";
    const isPaused = () => sessionStorage.getItem(KEY) === "1";

    function label(part) {
        const button = part.querySelector("[data-pause]");
        if (!button) return;
        button.hidden = false;
        button.textContent = isPaused() ? "Resume updates" : "Pause updates";
    }

    async function renew(part) {
        if (document.hidden || isPaused() || String(getSelection())) return;
        if (part.contains(document.activeElement)) return;
        const answer = await fetch(part.dataset.refresh, { headers: { "X-Requested-With": "fetch" } }).catch(() => null);
        if (!answer) return;
        if (answer.redirected || answer.status === 403) return location.reload(); // no longer signed in
        if (!answer.ok) return;
        const open = [...part.querySelectorAll("details")].map((one) => one.open);
        part.innerHTML = await answer.text();
        part.querySelectorAll("details").forEach((one, place) => { one.open = open[place] ?? false; });
        label(part);
    }

    for (const part of document.querySelectorAll("[data-refresh]")) {
        label(part);
        part.addEventListener("click", (event) => {
            if (!event.target.closest("[data-pause]")) return;
            sessionStorage.setItem(KEY, isPaused() ? "0" : "1");
            label(part);
        });
        setInterval(() => renew(part), 1000 * part.dataset.refreshSeconds);
    }
})();
