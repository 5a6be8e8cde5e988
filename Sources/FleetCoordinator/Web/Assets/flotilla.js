// Keeps the page live: when the server says that something happened, fetches the page again and changes only what differs.
// Everything works without this script; with it, nothing needs to be reloaded.
"use strict";

(() => {
  const main = () => document.getElementById("main");
  const light = () => document.getElementById("live");

  // MARK: - Changing only what differs

  const keyOf = (node) => node.nodeType === 1 ? node.id || node.getAttribute("data-key") : null;
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

  function morph(old, fresh) {
    if (old.nodeType === 3 || old.nodeType === 8) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    const isOpen = old.nodeName === "DETAILS" && old.open;
    for (const { name, value } of [...fresh.attributes]) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !(name === "open" && isOpen)) old.removeAttribute(name);
    }
    // What somebody is typing stays.
    if (old.matches("input, textarea, select")) return;
    morphChildren(old, fresh);
  }

  function morphChildren(old, fresh) {
    const keyed = new Map();
    for (const child of old.childNodes) {
      const key = keyOf(child);
      if (key) keyed.set(key, child);
    }
    let here = old.firstChild;
    for (const wanted of [...fresh.childNodes]) {
      const key = keyOf(wanted);
      const known = key ? keyed.get(key) : null;
      if (known && alike(known, wanted)) {
        if (known === here) here = here.nextSibling; else old.insertBefore(known, here);
        morph(known, wanted);
      } else if (!key && here && alike(here, wanted)) {
        const next = here.nextSibling;
        morph(here, wanted);
        here = next;
      } else {
        old.insertBefore(document.importNode(wanted, true), here);
      }
    }
    while (here) {
      const next = here.nextSibling;
      here.remove();
      here = next;
    }
  }

  // MARK: - Listening

  let refreshing = false;
  let again = false;
  let timer = 0;

  async function refresh() {
    if (refreshing) { again = true; return; }
    refreshing = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
      if (answer.redirected || answer.status === 401) { location.reload(); return; }
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
      if (fresh && main()) morph(main(), fresh);
    } catch {
      // The connection is gone: the event stream says so, and asks again when it is back.
    } finally {
      refreshing = false;
      if (again) { again = false; soon(); }
    }
  }

  // Many things happen at once: one fetch for all of them.
  function soon() {
    if (document.hidden) { again = true; return; }
    clearTimeout(timer);
    timer = setTimeout(refresh, 250);
  }

  function show(state, text) {
    const element = light();
    if (!element) return;
    element.dataset.state = state;
    element.textContent = text;
  }

  function listen() {
    const address = main()?.dataset.live;
    if (!address || !window.EventSource) return;
    let lost = false;
    const source = new EventSource(address);
    source.onopen = () => {
      show("on", "Live");
      if (lost) soon();
      lost = false;
    };
    source.onerror = () => {
      lost = true;
      show("off", "Reconnecting");
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
    };
    source.onmessage = soon;
    source.addEventListener("fleet", soon);
    addEventListener("pagehide", () => source.close(), { once: true });
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && again) { again = false; soon(); }
  });

  // MARK: - Actions and keys

  const openActions = () => document.querySelectorAll("details.action[open]");

  // One panel at a time; the first field has the focus.
  document.addEventListener("toggle", (event) => {
    const panel = event.target;
    if (!(panel instanceof HTMLDetailsElement) || !panel.matches(".action") || !panel.open) return;
    for (const other of openActions()) if (other !== panel) other.open = false;
    panel.querySelector("input:not([type=hidden]), textarea, button[type=submit]")?.focus();
  }, true);

  document.addEventListener("click", (event) => {
    const cancel = event.target.closest("[data-cancel]");
    for (const panel of openActions()) {
      if (cancel ? panel.contains(cancel) : !panel.contains(event.target)) panel.open = false;
    }
  });

  document.addEventListener("submit", (event) => {
    for (const button of event.target.querySelectorAll("button[type=submit]")) button.disabled = true;
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const panel of openActions()) {
        panel.open = false;
        panel.querySelector("summary")?.focus();
      }
      if (document.activeElement?.matches("input[type=search]")) document.activeElement.blur();
      return;
    }
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.activeElement?.matches("input, textarea, select")) return;
    const search = document.querySelector("input[type=search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  listen();
})();
