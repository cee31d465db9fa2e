// Marks on lists, and plans that moved on. Every page works without this.
(() => {
    const marks = () => [...document.querySelectorAll(".va-mark input[name=id]")];
    const all = document.querySelector("[data-mark-all]");
    const said = document.querySelector("[data-marked]");
    const everything = document.querySelector("#bulk [name=all]");

    function tell() {
        const marked = marks().filter((box) => box.checked).length;
        if (said) said.textContent = marked ? `${marked} selected` : "";
        if (!all) return;
        all.checked = marked > 0 && marked === marks().length;
        all.indeterminate = marked > 0 && !all.checked;
    }

    if (all) {
        all.hidden = false;
        all.addEventListener("change", () => {
            for (const box of marks()) box.checked = all.checked;
            tell();
        });
        document.addEventListener("change", (event) => event.target.matches(".va-mark input") && tell());
        everything?.addEventListener("change", () => {
            for (const box of [...marks(), all]) box.disabled = everything.checked;
        });
        tell();
    }

    // x marks the row that j and k moved to.
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.key !== "x") return;
        if (event.target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
        const box = document.querySelector(".va-current .va-mark input");
        if (!box || box.disabled) return;
        box.checked = !box.checked;
        tell();
    });

    // The theme writes the name of a chosen file into the form's first text field; ours is the reason.
    for (const input of document.querySelectorAll(".va-form input[type=file]")) input.hasChangeListener = true;

    // The buttons of a plan belong to its state: once that has moved on, the page is loaded again.
    const live = document.querySelector("[data-plan]");
    if (live) {
        new MutationObserver(() => {
            const now = live.querySelector("[data-plan-state]")?.dataset.planState;
            if (now && now !== live.dataset.plan) location.reload();
        }).observe(live, { childList: true, subtree: true });
    }

    // Menus close by Escape and by a click elsewhere.
    document.addEventListener("keydown", (event) => {
        const open = document.querySelector("details.va-do[open]");
        if (event.key !== "Escape" || !open) return;
        open.open = false;
        open.querySelector("summary").focus();
    });
    document.addEventListener("click", (event) => {
        for (const menu of document.querySelectorAll("details.va-do[open]")) if (!menu.contains(event.target)) menu.open = false;
    });
})();
