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

    // What a page asks for by itself says so, which is no use of the session, and for which organization it was opened.
    const organization = document.querySelector("meta[name=organization]")?.content;
    const headers = { "X-Requested-With": "fetch", ...(organization && { "X-Organization": organization }) };
    const ask = (address) => fetch(address, { headers }).catch(() => null);

    // What is shown stays, as of its time; buttons of the page would lead to the sign-in, too.
    function tellOfSignOut(part) {
        if (part.querySelector("[data-signed-out]")) return;
        const note = Object.assign(document.createElement("p"), { className: "va-note va-warn", role: "alert" });
        note.dataset.signedOut = "";
        note.append("You were signed out, so this page is no longer kept up to date. ");
        note.append(Object.assign(document.createElement("a"), { href: location.href, textContent: "Sign in again" }));
        part.prepend(note);
    }

    for (const part of document.querySelectorAll("[data-refresh]")) {
        const timer = setInterval(async () => {
            if (document.hidden || part.contains(document.activeElement) || String(getSelection())) return;
            if (part.querySelector("details[open], input:checked")) return; // somebody reads it, or chose something
            const answer = await ask(part.dataset.refresh);
            if (answer?.redirected) return void (clearInterval(timer), tellOfSignOut(part));
            if (!answer || !(answer.ok || answer.status === 409)) return;
            part.innerHTML = await answer.text();
            if (answer.status === 409) clearInterval(timer);
        }, 1000 * part.dataset.refreshSeconds);
    }

    function renewLater(page, seconds) {
        setTimeout(async () => {
            const answer = await ask(location.href);
            if (answer?.status === 409) return void (page.innerHTML = await answer.text());
            if (!answer?.ok || answer.redirected) return answer ? location.reload() : renewLater(page, seconds);
            const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(page.id);
            if (!next?.querySelector("[data-reload-seconds]")) return location.reload();
            page.innerHTML = next.innerHTML;
            renewLater(page, seconds);
        }, 1000 * seconds);
    }
    // Tables that are wider than the page say so, as long as they are.
    function tellOfMoreColumns() {
        for (const wrap of document.querySelectorAll(".va-table-wrap")) {
            const isWider = wrap.scrollWidth > wrap.clientWidth + 1;
            const known = wrap.nextElementSibling?.matches(".va-more-columns") ? wrap.nextElementSibling : null;
            if (isWider && !known) {
                const hint = document.createElement("p");
                hint.className = "va-more-columns";
                hint.textContent = "More columns: scroll sideways →";
                wrap.after(hint);
            } else if (!isWider) known?.remove();
        }
    }
    new ResizeObserver(tellOfMoreColumns).observe(document.documentElement);
    new MutationObserver(tellOfMoreColumns).observe(document.querySelector("#content") ?? document.body, { childList: true, subtree: true });

    for (const note of document.querySelectorAll("[data-reload-seconds]")) {
        const page = note.closest("#content");
        if (page) renewLater(page, note.dataset.reloadSeconds);
    }

    for (const select of document.querySelectorAll("[data-submit-on-change]")) {
        select.addEventListener("change", () => select.form.submit());
    }
    // Without a script, or where the browser does not let it copy, the field is chosen and Ctrl+C does.
    for (const button of document.querySelectorAll("[data-copies]")) {
        const field = document.getElementById(button.dataset.copies);
        const said = document.querySelector(`[data-copied-of="${field.id}"]`);
        button.hidden = false;
        button.addEventListener("click", async () => {
            field.select();
            const isCopied = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
            said.textContent = isCopied ? "Copied." : "Press Ctrl+C: it is selected.";
        });
    }
    for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
})();
