// Keys, the part of the overview that renews itself, and forms that send themselves. Every page works without this.
(() => {
    const isTyping = (target) => target.matches("input, textarea, select, [contenteditable]");

    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
        const box = document.getElementById("va-q");
        if (event.key === "/" && box) {
            event.preventDefault();
            box.focus();
            box.select();
        } else if (event.key === "j" || event.key === "k") {
            move(event.key === "j" ? 1 : -1);
        } else if (event.key === "Enter" && event.target === document.body) {
            document.querySelector(".va-current th a")?.click();
        }
    });

    function move(step) {
        const rows = [...document.querySelectorAll(".va-table tbody tr")];
        if (!rows.length) return;
        const at = rows.findIndex((row) => row.classList.contains("va-current"));
        rows[at]?.classList.remove("va-current");
        const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
        next.classList.add("va-current");
        next.scrollIntoView({ block: "nearest" });
    }

    for (const part of document.querySelectorAll("[data-refresh]")) {
        setInterval(async () => {
            if (document.hidden || part.contains(document.activeElement) || String(getSelection())) return;
            const answer = await fetch(part.dataset.refresh, { headers: { "X-Requested-With": "fetch" } }).catch(() => null);
            if (answer?.ok && !answer.redirected) part.innerHTML = await answer.text();
        }, 1000 * part.dataset.refreshSeconds);
    }

    for (const note of document.querySelectorAll("[data-reload-seconds]")) {
        setTimeout(() => location.reload(), 1000 * note.dataset.reloadSeconds);
    }

    for (const select of document.querySelectorAll("[data-submit-on-change]")) {
        select.addEventListener("change", () => select.form.submit());
    }
    for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
})();
