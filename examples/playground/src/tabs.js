// Tabs as the ARIA Authoring Practices describe them: arrow keys, Home and End move among the tabs and show their panels.

/** @param onShow gets the id of the panel that is shown, the first time at once */
export function connectTabs(list, onShow) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

  function show(tab) {
    for (const other of tabs) {
      const isShown = other === tab;
      other.setAttribute("aria-selected", `${isShown}`);
      other.tabIndex = isShown ? 0 : -1;
      panelOf(other).hidden = !isShown;
    }
    onShow(panelOf(tab).id);
  }

  list.addEventListener("click", ({ target }) => {
    const tab = target.closest("[role=tab]");
    if (tab === null || tab.ariaSelected === "true") return;
    history.replaceState(null, "", `#${panelOf(tab).id}`);
    show(tab);
  });
  list.addEventListener("keydown", (event) => {
    const current = tabs.indexOf(document.activeElement);
    const targets = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: tabs.length - 1 };
    const target = tabs.at(targets[event.key] % tabs.length);
    if (!(event.key in targets)) return;
    event.preventDefault();
    target.focus();
    target.click();
  });

  const showAddressed = () => show(tabs.find((tab) => location.hash === `#${panelOf(tab).id}`) ?? tabs[0]);
  addEventListener("hashchange", showAddressed);
  showAddressed();
}
