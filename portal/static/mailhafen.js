// The module of all pages: theme, menus, keys, choosing, the mail beside its list, live news.
// Every page works without it.

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

// Storage may be forbidden; then choices last for the page.
function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Nothing is lost but the choice.
  }
}

function systemTheme() {
  return system.matches ? "dark" : "light";
}

function showTheme() {
  root.dataset.bsTheme = remembered("theme") ?? systemTheme();
}

function switchTheme() {
  const wished = root.dataset.bsTheme === "dark" ? "light" : "dark";
  // Who chooses what the system shows anyway follows the system again.
  remember("theme", wished === systemTheme() ? null : wished);
  root.dataset.bsTheme = wished;
}

showTheme();
system.addEventListener("change", showTheme);

function closeMenus(except) {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

const rows = () => [...document.querySelectorAll("[data-row]")];
const isTyping = (target) =>
  target.isContentEditable || target.closest("textarea, select, input:not([type=checkbox])") !== null;

function row() {
  return document.activeElement?.closest(".mail, .short li")?.querySelector("[data-row]") ?? null;
}

function move(step) {
  const all = rows();
  const at = all.indexOf(row());
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1);
  all[next]?.focus();
}

function press(key) {
  // In a list the key means the row that has the focus, then the mail beside it; elsewhere the page.
  const inList = rows().length > 0;
  const places = inList ? [row()?.closest(".mail"), document.querySelector("[data-preview]")] : [document];
  for (const place of places) {
    const found = place?.querySelector(`[data-key="${key}"]`);
    if (found) return found.click();
  }
}

// The mail beside its list, where there is room for both: how much, the list says.
const paneOf = () => document.querySelector("[data-preview]");
const isRoomy = (width) => matchMedia(`(min-width: ${width || 1200}px)`).matches;

async function fetched(url, how = { redirect: "error" }) {
  const answer = await fetch(url, how);
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function showBeside(mail) {
  const pane = paneOf();
  // The page keeps its one first heading.
  const subject = mail.querySelector("h1");
  const beside = document.createElement("h2");
  beside.append(...subject.childNodes);
  beside.id = subject.id;
  beside.className = subject.className;
  subject.replaceWith(beside);
  pane.replaceChildren(mail);
  pane.hidden = false;
  pane.scrollTop = 0;
  pane.parentElement.classList.add("split-on");
}

async function preview(link) {
  let mail = null;
  try {
    mail = (await fetched(link.href)).querySelector("#mail");
  } catch {
    // Whatever is wrong, its own page says it.
  }
  if (!mail) return location.assign(link.href);
  showBeside(mail);
  const shown = link.closest(".mail");
  // Another mail of the conversation that is read already.
  if (!shown) return;
  for (const each of document.querySelectorAll(".looked-at")) each.classList.remove("looked-at");
  shown.classList.add("looked-at");
  shown.classList.remove("unread");
  for (const each of shown.querySelectorAll(".dot, .dot + .visually-hidden")) each.remove();
  // Beside a mail the list is narrower and longer: without this the row would leave the window.
  shown.scrollIntoView({ block: "nearest" });
}

function onClick(event) {
  closeMenus(event.target.closest(".menu"));
  const link = event.target.closest("a[data-row], a[data-mail]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  const pane = paneOf();
  if (!link || !plain || !pane || !isRoomy(pane.dataset.preview)) return;
  event.preventDefault();
  preview(link);
}

// What is done to the mail beside its list leaves the list where it is.
async function onSubmit(event) {
  const form = event.target.closest("[data-preview] form.deed:not([data-leaving])");
  if (!form) return;
  event.preventDefault();
  let page = null;
  try {
    page = await fetched(form.action, { method: "POST", body: new FormData(form) });
  } catch {
    return form.submit();
  }
  const mail = page.querySelector("#mail");
  if (mail) showBeside(mail);
  else paneOf().replaceChildren(...(page.querySelector("[data-preview]")?.childNodes ?? []));
  swap(page);
  for (const each of document.querySelectorAll("main > .said")) each.remove();
  document.querySelector("main").prepend(...page.querySelectorAll("main > .said"));
}

function choose() {
  const box = row()?.closest(".mail").querySelector("input[name=m]");
  if (box) box.checked = !box.checked;
}

function chooseAll() {
  const label = document.querySelector("[data-choose-all]");
  if (!label) return;
  const box = label.querySelector("input");
  label.hidden = false;
  box.addEventListener("change", () => {
    for (const each of document.querySelectorAll("input[name=m]")) each.checked = box.checked;
  });
}

// The elements stay, or nobody hears the news.
function renew(news, newer) {
  if (!newer) return delete news.dataset.live;
  if (newer.textContent !== news.textContent) news.replaceChildren(...newer.childNodes);
  if (!newer.dataset.live) delete news.dataset.live;
}

// What goes on is asked for again until it is over; all of it on one page has one address.
async function follow(times) {
  const all = document.querySelectorAll("[data-live]");
  if (all.length === 0 || times === 0) return;
  await new Promise((done) => setTimeout(done, 2000));
  try {
    const page = await fetched(all[0].dataset.live);
    for (const news of all) renew(news, page.getElementById(news.id));
  } catch {
    return;
  }
  follow(times - 1);
}

// What came, went or broke since the page was made: asked for often by whoever is at it.
const MOMENT = 1500;
let lastDeed = Date.now();

function patience() {
  const minutes = (Date.now() - lastDeed) / 60_000;
  return minutes < 3 ? MOMENT : minutes < 30 ? 10 * MOMENT : 40 * MOMENT;
}

function swap(page) {
  for (const old of document.querySelectorAll("[data-swap]")) {
    const fresh = page.getElementById(old.id);
    if (!fresh || fresh.innerHTML === old.innerHTML) continue;
    const chosen = [...old.querySelectorAll("input[name=m]:checked")].map((each) => each.value);
    const at = old.contains(document.activeElement) ? row()?.id : null;
    const read = old.querySelector(".looked-at")?.id;
    old.replaceChildren(...fresh.childNodes);
    for (const value of chosen) {
      const box = old.querySelector(`input[name=m][value="${CSS.escape(value)}"]`);
      if (box) box.checked = true;
    }
    if (read) document.getElementById(read)?.classList.add("looked-at");
    if (at) document.getElementById(at)?.focus({ preventScroll: true });
  }
  chooseAll();
}

async function hear(place, state) {
  await new Promise((done) => setTimeout(done, patience()));
  if (document.hidden) return hear(place, state);
  try {
    const url = new URL(place.dataset.news, location);
    url.searchParams.set("state", state);
    const answer = await fetch(url, { redirect: "error" });
    if (answer.status === 200) {
      swap(await fetched(location.href));
      state = await answer.text();
    } else if (answer.status !== 204) return;
  } catch {
    // The network comes back, or the page is left.
    await new Promise((done) => setTimeout(done, 10 * MOMENT));
  }
  hear(place, state);
}

function listen() {
  const place = document.querySelector("[data-news]");
  if (!place) return;
  for (const deed of ["pointermove", "keydown"]) addEventListener(deed, () => (lastDeed = Date.now()), { passive: true });
  hear(place, place.dataset.state);
}

function makeRoom() {
  const pane = paneOf();
  if (!pane || pane.dataset.waits === undefined || !isRoomy(1200)) return;
  pane.hidden = false;
  pane.parentElement.classList.add("split-on");
}

// What stays at the top of the window must cover neither the focus nor the mail beside the list.
function leaveRoom() {
  const box = document.getElementById("recent");
  if (!box) return;
  const measure = () => root.style.setProperty("--mh-recent", `${box.offsetHeight}px`);
  new ResizeObserver(measure).observe(box);
  measure();
}

function search() {
  const box = document.querySelector("input[type=search]");
  if (box) box.focus();
  else document.getElementById("to-find")?.click();
}

const deeds = {
  j: () => move(1),
  k: () => move(-1),
  o: () => row()?.click(),
  u: () => press("u"),
  d: () => press("d"),
  e: () => press("e"),
  p: () => press("p"),
  m: () => press("m"),
  b: () => press("b"),
  c: () => document.querySelector('[data-key="c"]')?.click(),
  r: () => press("r"),
  f: () => press("f"),
  "#": () => press("#"),
  x: choose,
  a: () => document.querySelector('[data-key="a"]')?.click(),
  "/": search,
  "?": () => document.getElementById("keys").showModal(),
};

let goesUntil = 0;

function onKey(event) {
  if (event.key === "Escape") closeMenus();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.repeat && !"jk".includes(event.key)) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (remembered("keys") === "off" && event.key !== "?") return;
  const going = event.timeStamp < goesUntil;
  goesUntil = event.key === "g" ? event.timeStamp + 1500 : 0;
  const place = going && document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  if (place) place.click();
  else if (Object.hasOwn(deeds, event.key)) deeds[event.key]();
  else return;
  event.preventDefault();
}

// After a deed the list goes on where it was.
function goOn() {
  if (/^#m\d+$/.test(location.hash)) document.querySelector(`${location.hash} [data-row]`)?.focus();
}

function begin() {
  for (const place of document.querySelectorAll(":is(.tabs, .offices) [aria-current]"))
    place.scrollIntoView({ block: "nearest", inline: "center" });
  const theme = document.getElementById("theme");
  const help = document.getElementById("show-keys");
  const use = document.getElementById("use-keys");
  theme.hidden = false;
  theme.addEventListener("click", switchTheme);
  help.hidden = false;
  help.addEventListener("click", deeds["?"]);
  use.checked = remembered("keys") !== "off";
  use.addEventListener("change", () => remember("keys", use.checked ? null : "off"));
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSubmit);
  document.addEventListener("keydown", onKey);
  // Where an address leads to, browsers take the focus away until the page is there.
  addEventListener("load", () => requestAnimationFrame(goOn));
  chooseAll();
  leaveRoom();
  makeRoom();
  listen();
  follow(document.getElementById("progress") ? 1800 : 60);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
