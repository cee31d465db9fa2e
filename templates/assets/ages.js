// Ages go on while a page is open. They count from the server's seconds, not from the clock of this machine.
(() => {
    const begun = new WeakMap(); // age -> when it came onto the page, and its seconds then

    function words(seconds) {
        // As vendor_admin.moments says it.
        if (seconds < 60) return `${seconds} s`;
        if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
        if (seconds < 2 * 86400) return `${Math.floor(seconds / 3600)} h`;
        return `${Math.floor(seconds / 86400)} days`;
    }

    function tick() {
        for (const age of document.querySelectorAll("time[data-age]")) {
            if (!begun.has(age)) {
                begun.set(age, { at: performance.now(), ago: age.textContent.endsWith(" ago") ? " ago" : "" });
                if (age.closest("[role=status], [role=alert]")) age.setAttribute("aria-live", "off");
            }
            const { at, ago } = begun.get(age);
            const said = words(Number(age.dataset.age) + Math.floor((performance.now() - at) / 1000)) + ago;
            if (age.textContent !== said) age.textContent = said;
        }
    }

    tick();
    setInterval(tick, 1000);
})();
