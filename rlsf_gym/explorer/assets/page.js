// Wires the form to the answer, and the answer to the page.

const { options, live, ...start } = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const fields = ["prompt", "response", "scorer", "objective", "target", "boundary"];
const PAYS = { closed: "once it is closed", open: "with each piece" };
const PATIENCE = 60000; // milliseconds
const VAST = 300; // tokens from which each design scrolls by itself
const wanted = new Set(start.question.designs);
let answer = start.answer, pending = 0, busy = false, outdated = false, staveTokens = [], showing = null, leaving = 0;

function choice(name, disabled = false, label = name) {
  return make("option", { value: name, textContent: label, disabled });
}

function offers(name) {
  const choices = { prompt: !options.has_instances, objective: options.objectives.length, boundary: options.boundaries.length };
  return choices[name] ?? true;
}

function nameThings() {
  const { unit, instance } = options.labels;
  for (const element of document.querySelectorAll(".unit")) element.textContent = unit;
  for (const element of document.querySelectorAll(".instance")) element.textContent = instance[0].toUpperCase() + instance.slice(1);
  for (const name of ["prompt", "objective", "boundary"]) at(`${name}-field`).hidden = !offers(name);
  for (const element of document.querySelectorAll(".of-texts")) element.hidden = options.has_instances;
  at("result").classList.toggle("symbols", options.has_instances);
  at("instance-field").hidden = !options.has_instances;
  at("scorer-field").hidden = options.scorers.length === 1;
  at("example-field").hidden = !options.examples.length && !options.prompts.length;
  at("settings").hidden = ["example", "scorer", "objective", "boundary"].every((name) => at(`${name}-field`).hidden);
}

function fillForm() {
  nameThings();
  at("scorer").append(...options.scorers.map((scorer) => choice(scorer.name, scorer.reason !== null)));
  const refused = options.scorers.filter(({ reason }) => reason !== null);
  at("scorer-reasons").append(...refused.map(({ name, reason }) => giveReason([name, reason])));
  at("objective").append(...options.objectives.map((name) => choice(name)));
  at("boundary").append(...options.boundaries.map((name) => choice(name, false, PAYS[name] || name)));
  const written = options.examples.map((example, place) => choice(`e${place}`, false, example.name));
  const bundled = options.prompts.map((prompt, place) => choice(`p${place}`, false, prompt));
  at("example").append(
    choice("", false, "pick one"),
    make("optgroup", { label: `${options.has_instances ? options.labels.instance : "prompt"} and response` }, ...written),
    ...(bundled.length ? [make("optgroup", { label: "bundled prompts" }, ...bundled)] : []),
  );
  for (const name of [...fields, "seed"]) at(name).value = start.question[name];
  at("instance").value = start.question.instance || start.answer.instance || "";
  if (live) return;
  for (const element of at("question").querySelectorAll("textarea, select, input, button")) element.disabled = true;
  at("note").textContent = "This file is a snapshot of one response: designs can be switched, texts can't. To type, run rlsf-explore.";
  at("note").hidden = false;
}

function fillDesigns() {
  const { refused } = options.scorers.find((scorer) => scorer.name === at("scorer").value);
  const boxes = options.designs.map(({ name }) => {
    const box = make("input", { type: "checkbox", value: name, checked: wanted.has(name) && !(name in refused), disabled: name in refused });
    box.addEventListener("change", () => { wanted[box.checked ? "add" : "delete"](name); switchDesign(name); });
    return make("label", {}, box, name);
  });
  at("designs").replaceChildren(...boxes);
  at("design-reasons").replaceChildren(...Object.entries(refused).map(giveReason));
  at("target-field").hidden = at("objective").value !== "target";
}

function giveReason([name, reason]) {
  return make("li", {}, make("b", { textContent: name }), `: ${reason}`);
}

function chosen() {
  return [...at("designs").querySelectorAll("input:checked")].map((box) => box.value);
}

function switchDesign(name) {
  if (wanted.has(name) && !(name in answer.designs)) ask();
  else render();
}

function question() {
  const values = Object.fromEntries(fields.map((name) => [name, offers(name) ? at(name).value : start.question[name]]));
  return { ...values, target: at("target").valueAsNumber, designs: chosen(), ...instanceAsked() };
}

// Returns the data that was typed, or the seed that draws them.
function instanceAsked() {
  if (!options.has_instances) return {};
  const typed = at("instance").value;
  return typed.trim() ? { instance: typed } : { instance: "", seed: at("seed").valueAsNumber };
}

function draw() {
  for (const name of ["instance", "response", "example"]) at(name).value = "";
  ask();
}

function askSoon() {
  clearTimeout(pending);
  if (options.has_instances && !at("instance").value.trim()) {
    complain(`Type the data of the ${options.labels.instance}, or draw it by its seed.`);
    return;
  }
  outdated = busy;
  pending = setTimeout(ask, 150);
}

// One question is on its way at a time; what it brings is dropped if something was changed meanwhile.
async function ask() {
  clearTimeout(pending);
  outdated = busy;
  if (busy) return;
  busy = true;
  at("result").classList.add("stale");
  const reply = await send(question());
  busy = false;
  if (outdated) ask();
  else if (reply.error !== undefined) complain(reply.error);
  else {
    answer = reply;
    if (answer.instance && !at("instance").value.trim()) at("instance").value = answer.instance;
    complain("");
    render();
  }
}

async function send(asked) {
  const how = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked) };
  try {
    const reply = await fetch("feedback", { ...how, signal: AbortSignal.timeout(PATIENCE) });
    return await reply.json();
  } catch (error) {
    return { error: `The explorer does not answer (${error.message}): is it still running?` };
  }
}

function complain(message) {
  at("problem").textContent = message;
  at("problem").hidden = !message;
  at("result").classList.toggle("stale", Boolean(message));
}

function shownDesigns() {
  return chosen().filter((name) => name in answer.designs);
}

function render() {
  hide();
  const names = shownDesigns(), rewards = names.map((name) => answer.designs[name].rewards || []);
  const greatest = rewards.flat().reduce((most, reward) => Math.max(most, Math.abs(reward)), 0);
  const numbered = answer.tokens.map((_, place) => rewards.some((row) => Math.abs(row[place]) >= leastShown(greatest || 1)));
  at("result").classList.toggle("vast", answer.tokens.length > VAST);
  renderReading(numbered);
  renderLegend(greatest);
  const rows = options.designs.filter(({ name }) => names.includes(name)).map((design) => designRow(design, answer, numbered, greatest || 1));
  at("rows").replaceChildren(...(rows.length ? rows : [make("p", { className: "empty", textContent: "Choose a reward design above." })]));
}

function renderReading(numbered) {
  const gain = answer.utility - answer.prompt_utility, isVerdict = answer.solved !== undefined;
  const first = isVerdict ? ["verdict", make("span", {}, verdictName(answer)), "big"] : ["score", number(answer.score), "big"];
  const figures = [first, [isVerdict ? "value at first" : "prompt alone", worth(answer.prompt_score, answer)], ["utility gain", gained(gain, answer), "big"]];
  at("figures").replaceChildren(...figures.flatMap(([name, value, kind]) => [
    make("dt", { textContent: name }), make("dd", { className: kind || "" }, value),
  ]));
  at("reading-title").textContent = isVerdict ? "Value so far" : "Running score";
  for (const element of document.querySelectorAll(".of-verdicts")) element.hidden = !answer.verdict;
  for (const element of document.querySelectorAll(".of-scores")) element.hidden = isVerdict;
  at("verdict").replaceChildren(...verdictLines(answer));
  at("verdict").hidden = !at("verdict").hasChildNodes();
  at("prompt-text").replaceChildren(...answer.prompt.map(partElement));
  at("stave").replaceChildren();
  at("stave").setAttribute("role", "listbox");
  at("stave").setAttribute("aria-label", "tokens of the response");
  staveTokens = layTokens(at("stave"), answer.tokens, numbered, (element, place) =>
    element.setAttribute("aria-label", `${textOf(answer.tokens[place])}, ${isVerdict ? "value" : "score"} ${written(answer.running[place], answer)}`));
  if (!staveTokens.length) at("stave").append(make("span", { className: "empty", textContent: "The response is empty: type one above." }));
  if (answer.verifiable && !isVerdict) underline([at("prompt-text"), ...staveTokens], answer.records);
  drawCourse(at("stave"), staveTokens, answer);
  const rules = Object.entries(answer.rules).map(([rule, amount]) => make("span", {}, `${rule} `, number(amount)));
  at("rules").replaceChildren(...(answer.verifiable && rules.length ? ["gain by rule: ", ...rules] : []));
}

function renderLegend(greatest) {
  const scale = greatest || 1;
  at("legend").querySelector(".ticks").replaceChildren(...[-1, -0.5, 0, 0.5, 1].map((share) => number(share * scale, share ? short(share * scale) : "0")));
}

function show(token) {
  clearTimeout(leaving);
  if (showing === token) return;
  hide();
  showing = token;
  const place = Number(token.dataset.place), row = token.closest(".row");
  for (const same of document.querySelectorAll(`.token[data-place="${place}"]`)) same.classList.add("same");
  token.classList.add("here");
  mark(place, row);
  const names = shownDesigns().filter((name) => answer.designs[name].rewards);
  at("detail").replaceChildren(...detailOf(place, row.dataset.design, names, answer, options.labels.unit));
  at("detail").hidden = false;
  at("detail").scrollTop = 0;
  token.setAttribute("aria-describedby", "detail");
  token.setAttribute("aria-selected", "true");
  putDetail(token);
}

function mark(place, row) {
  if (answer.solved !== undefined) return; // of a verdict each record is about its own token
  const elements = [at("prompt-text"), at("stave"), row.querySelector(".tokens")].filter(Boolean);
  for (const index of answer.tokens[place].records) {
    const { word, trigger } = answer.records[index];
    for (const part of partsWithin(elements, word)) part.classList.add("is-word");
    if (trigger[0] === word[0] && trigger[1] === word[1]) continue;
    for (const part of partsWithin(elements, trigger)) part.classList.add("is-trigger");
  }
}

function putDetail(token) {
  const box = token.querySelector(".chars").getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = at("detail");
  const rest = document.documentElement.clientWidth - width - 16;
  const edges = [...token.closest(".run").parentElement.querySelectorAll(".token")].map((other) => other.getBoundingClientRect().right);
  const beside = Math.max(...edges) + 20, below = box.bottom + 26, above = box.top - height - 8;
  const hidesLess = beside <= rest;
  const left = hidesLess ? beside : Math.max(16, Math.min(box.left - 24, rest));
  let top = below + height > innerHeight && above >= 0 ? above : below;
  if (hidesLess) top = Math.max(8, Math.min(box.top - 12, innerHeight - height - 12));
  Object.assign(at("detail").style, { left: `${left + scrollX}px`, top: `${top + scrollY}px` });
}

function hide() {
  clearTimeout(leaving);
  if (!showing) return;
  showing.removeAttribute("aria-describedby");
  showing.removeAttribute("aria-selected");
  showing = null;
  at("detail").hidden = true;
  const marks = ["same", "here", "is-word", "is-trigger"];
  for (const element of at("result").querySelectorAll(marks.map((name) => `#reading .${name}, #rows .${name}`).join())) element.classList.remove(...marks);
}

function leave() {
  clearTimeout(leaving);
  leaving = setTimeout(() => {
    const focused = document.activeElement?.closest?.(".token");
    if (focused) show(focused);
    else hide();
  }, 160);
}

function move(event) {
  const token = event.target.closest(".token");
  if (!token) return;
  const place = Number(token.dataset.place), last = answer.tokens.length - 1;
  const places = { ArrowRight: Math.min(last, place + 1), ArrowLeft: Math.max(0, place - 1), Home: 0, End: last };
  const rows = [...document.querySelectorAll(".row")].filter((row) => row.querySelector(".token")), row = rows.indexOf(token.closest(".row"));
  const target = { ArrowDown: rows[row + 1], ArrowUp: rows[row - 1] }[event.key] || rows[row];
  if (!(event.key in places) && !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  const next = target.querySelector(`.token[data-place="${places[event.key] ?? place}"]`);
  for (const other of target.querySelectorAll('.token[tabindex="0"]')) other.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function pick() {
  const kind = at("example").value[0], place = Number(at("example").value.slice(1));
  if (!kind) return;
  if (kind === "p") at("prompt").value = options.prompts[place];
  else for (const name of ["prompt", "response", "instance"]) at(name).value = options.examples[place][name];
  ask();
}

function listen() {
  at("question").addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["prompt", "instance", "response", "target"]) at(name).addEventListener("input", askSoon);
  at("seed").addEventListener("change", draw);
  at("draw").addEventListener("click", () => {
    at("seed").value = (at("seed").valueAsNumber || 0) + 1;
    draw();
  });
  for (const name of ["scorer", "objective", "boundary"]) at(name).addEventListener("change", () => { fillDesigns(); ask(); });
  at("example").addEventListener("change", pick);
  at("result").addEventListener("pointerover", (event) => {
    const token = event.target.closest(".token");
    if (token && event.pointerType !== "touch") show(token);
    else leave();
  });
  at("result").addEventListener("pointerleave", leave);
  at("detail").addEventListener("pointerenter", () => clearTimeout(leaving));
  at("detail").addEventListener("pointerleave", leave);
  at("result").addEventListener("focusin", (event) => { if (event.target.matches(".token")) show(event.target); });
  at("result").addEventListener("focusout", leave);
  at("result").addEventListener("keydown", move);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  new ResizeObserver(() => drawCourse(at("stave"), staveTokens, answer)).observe(at("stave"));
}

fillForm();
fillDesigns();
listen();
render();
