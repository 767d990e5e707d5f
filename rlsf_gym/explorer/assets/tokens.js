// Shows tokens and what is known of each; every text is set with textContent, and offsets only ever compared.

const LONG = 24; // characters from which a word may break between its tokens
const SHOWN = 14; // records in one detail
const WIDEST = 24; // characters of a word in a detail
const VISIBLE = 5e-4; // smaller numbers are written as 0
const SMALL = 0.05; // greatest reward of a page on which smaller ones are written out
const NOTHING = 1e-9; // smaller rewards have no colour
const FAINT = 0.07; // share of the colour that the smallest reward gets

function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function signed(value, digits = 3) {
  const text = Math.abs(value).toFixed(digits);
  if (!Number(text)) return text;
  return (value > 0 ? "+" : "\u2212") + text;
}

// Returns a reward with two digits, or three where two would say 0, or as a power of ten where three would.
function short(reward) {
  return tiny(reward, VISIBLE) || signed(reward, Math.abs(reward) < 0.005 ? 3 : 2);
}

// Returns a number below a limit as a power of ten, nothing where it is larger, or none.
function tiny(value, limit) {
  const size = Math.abs(value);
  if (size >= limit || size < NOTHING) return "";
  return (value > 0 ? "+" : "\u2212") + size.toExponential(1).replace("e-", "e\u2212");
}

// Returns the smallest reward whose number is shown, given the greatest on the page.
function leastShown(greatest) {
  return greatest < SMALL ? greatest / 100 : VISIBLE;
}

// Returns a value as it is written: as a share of 1 with the digits that count, or as a signed score.
function written(value, { solved }) {
  return solved === undefined ? signed(value, 2) : String(Number(value.toPrecision(2))).replace("e-", "e\u2212");
}

function worth(value, answer) {
  return answer.solved === undefined ? number(value) : make("span", { className: "number", textContent: written(value, answer) });
}

// Returns a gain as it is written: in the digits that count, where it is one of values that are shares.
function gained(gain, answer) {
  if (answer.solved === undefined || !gain) return number(gain);
  const colour = gain > 0 ? "gain" : "loss";
  return make("span", { className: `number ${colour}`, textContent: (gain > 0 ? "+" : "\u2212") + written(Math.abs(gain), answer) });
}

function side(value) {
  return Math.abs(value) < VISIBLE ? "" : value > 0 ? "gain" : "loss";
}

function number(value, text = signed(value)) {
  return make("span", { className: `number ${side(value)}`, textContent: text });
}

function textOf(token) {
  return token.parts.map((part) => part.text).join("");
}

// Cuts what is too long for a detail.
function brief(text) {
  const characters = [...text];
  return characters.length > WIDEST ? `${characters.slice(0, WIDEST).join("")}\u2026` : text;
}

function partElement(part) {
  const element = make("span", { textContent: part.text });
  element.dataset.start = part.start;
  element.dataset.end = part.end;
  return element;
}

// Returns the tokens as elements, those of a word held together, each with what `decorate` adds.
function layTokens(container, tokens, numbered, decorate) {
  const elements = tokens.map((token, place) => {
    const chars = make("span", { className: "chars" }, ...token.parts.map(partElement));
    const element = make("span", { className: "token", tabIndex: place ? -1 : 0 }, chars);
    element.setAttribute("role", "option");
    element.dataset.place = place;
    if (numbered[place]) element.classList.add("numbered");
    if (token.mark) element.classList.add(token.mark);
    else if (token.completion === null) element.classList.add("gone");
    decorate(element, place);
    return element;
  });
  let run = null, size = 0;
  elements.forEach((element, place) => {
    const text = textOf(tokens[place]);
    if (!run || /^[\s\u21b5\u21e5]/.test(text)) {
      container.append((run = make("span", { className: "run" })));
      run.setAttribute("role", "presentation");
      size = 0;
    }
    size += text.length;
    if (size > LONG) run.classList.add("long");
    run.append(element);
  });
  return elements;
}

function paint(element, token, reward, scale) {
  element.setAttribute("aria-label", `${textOf(token)}, reward ${short(reward)}`);
  if (Math.abs(reward) < NOTHING) return;
  element.classList.add(reward > 0 ? "plus" : "minus");
  if (Math.abs(reward) >= leastShown(scale)) element.dataset.reward = short(reward);
  const share = Math.min(1, FAINT + (1 - FAINT) * (Math.abs(reward) / scale));
  element.style.setProperty("--share", share.toFixed(4));
}

// Underlines the words that speak for or against, by what their records add in the whole text.
function underline(elements, records) {
  const amounts = new Map();
  for (const record of records) {
    if (record.status !== "added" && record.status !== "kept") continue;
    for (const part of partsWithin(elements, record.word)) amounts.set(part, (amounts.get(part) || 0) + record.amount);
  }
  for (const [part, amount] of amounts) if (amount) part.classList.add(amount > 0 ? "for" : "against");
}

function partsWithin(elements, [start, end]) {
  return elements.flatMap((element) => [...element.querySelectorAll("[data-start]")]).filter(
    (part) => Number(part.dataset.start) < end && Number(part.dataset.end) > start,
  );
}

function verdictName({ solved, verdict }) {
  if (solved) return "\u2713 solved";
  return verdict?.status === "unfinished" ? "\u2026 unfinished" : "\u2717 not solved";
}

// Says which symbol lost the answer, why, and what a right answer that begins alike is.
function verdictLines({ verdict }) {
  if (!verdict) return [];
  const { status, lost, reason, because, kept, rest } = verdict;
  const lines = [];
  if (because) {
    const at = lost ? `lost at \u201c${brief(lost)}\u201d` : status;
    lines.push([make("b", { className: "loss", textContent: `${at}${reason && reason !== status ? ` (${reason})` : ""}: ` }), because]);
  }
  if (rest) lines.push([status === "dead" ? "right would have been " : "right would be ", make("span", { className: "witness" }, kept, make("b", { textContent: rest }))]);
  return lines.map((line) => make("span", { className: "line" }, ...line));
}

// Says of a token whether a right answer is still possible, and how it goes on.
function standingOf({ mark, completion }, { because }) {
  if (mark === undefined) return [];
  const told = { fatal: because, end: because, core: "shares the blame" }[mark];
  const now = completion === null ? "no right answer begins so" : "a right answer as it stands";
  const rest = completion ? ["still possible: goes on with ", make("b", { textContent: brief(completion) })] : [now];
  const line = make("p", { className: `alive ${completion === null ? "loss" : "gain"}` }, ...rest);
  return told ? [line, make("p", { className: "alive", textContent: told })] : [line];
}

function designHead(design, answer) {
  const { total, error } = answer.designs[design.name];
  const head = make("div", { className: "head" }, make("h3", { textContent: design.name }));
  const gain = answer.utility - answer.prompt_utility;
  if (!error) {
    const equal = Math.abs(total - gain) < 1e-4;
    head.append(make("p", { className: "total" }, make("b", {}, gained(total, answer)), equal ? "total = gain" : "total \u2260 gain "));
    if (!equal) head.lastChild.append(gained(gain, answer));
  }
  const properties = ["causal", "conserving", "bounded"].map((name) =>
    make("li", { className: design[name] ? "yes" : "no", textContent: design[name] ? `\u2713 ${name}` : `\u2717 not ${name}` }),
  );
  head.append(make("ul", { className: "properties" }, ...properties));
  return head;
}

function designRow(design, answer, numbered, scale) {
  const row = make("article", { className: "row" }, designHead(design, answer));
  row.dataset.design = design.name;
  const { rewards, texts, error, others } = answer.designs[design.name];
  const body = row.appendChild(make("div", { className: "body" }));
  if (error) body.append(make("p", { className: "refused", textContent: error }));
  else if (!rewards.length) body.append(make("p", { className: "empty", textContent: "no tokens: the response is empty" }));
  else {
    const tokens = make("div", { className: "tokens" });
    tokens.setAttribute("role", "listbox");
    tokens.setAttribute("aria-label", `tokens under ${design.name}`);
    layTokens(tokens, answer.tokens, numbered, (element, place) => paint(element, answer.tokens[place], rewards[place], scale));
    body.append(tokens);
  }
  const cost = error ? "" : `; scores ${texts === 1 ? "one text" : `at most ${texts.toLocaleString("en")} texts`}`;
  const left = others === null ? "; what other tokens would have earned is told of shorter responses" : "";
  body.append(make("p", { className: "summary", textContent: design.summary + cost + left }));
  return row;
}

function detailOf(place, current, shown, answer, unit) {
  const token = answer.tokens[place], first = token.parts[0].start, last = token.parts.at(-1).end;
  const before = place ? answer.running[place - 1] : answer.prompt_score;
  const span = first < last ? `characters ${first} to ${last}` : "completes no character";
  const facts = make("p", { className: "facts" }, `token ${place + 1} of ${answer.tokens.length}, id ${answer.ids[place]}, ${span}; ${answer.solved === undefined ? "score" : "value"} `);
  facts.append(worth(before, answer), " \u2192 ", worth(answer.running[place], answer));
  const rewards = shown.map((name) => {
    const row = make("tr", { className: name === current ? "current" : "" }, make("th", { scope: "row", textContent: name }));
    const reward = answer.designs[name].rewards[place];
    row.append(make("td", { className: "number" }, number(reward, tiny(reward, VISIBLE / 10) || signed(reward, 4))));
    return row;
  });
  const parts = [make("h4", { textContent: `\u201c${brief(textOf(token))}\u201d` }), facts, ...standingOf(token, answer.verdict || {})];
  if (rewards.length) parts.push(make("table", {}, headRow("reward under", "#reward"), make("tbody", {}, ...rewards)));
  parts.push(...othersOf(answer.designs[current]?.others?.[place]));
  return [...parts, ...recordsTable(token.records.map((index) => answer.records[index]), unit)];
}

// Says what other tokens would have earned under the design that is pointed at, and the rank among them.
function othersOf(standing) {
  if (!standing) return [];
  const choice = ([text, reward]) => make("span", { className: "choice" }, `\u201c${brief(text)}\u201d `, number(reward));
  const tell = (name, choices) => choices.flatMap((one, at) => [at ? ", " : `${name} `, choice(one)]);
  const best = tell("best here", standing.best), worst = tell("worst", standing.worst);
  const lines = [best, [...worst, worst.length ? "; " : "", standing.place]].filter((line) => line.length);
  return [make("p", { className: "others" }, ...lines.flatMap((line, at) => (at ? [make("br"), ...line] : line)))];
}

function recordsTable(records, unit) {
  if (!records.length) return [make("p", { className: "more", textContent: "No record of the certificate tells of this token." })];
  const rows = records.slice(0, SHOWN).map((record) => {
    const cells = [brief(record.word_text), record.path ? `${record.rule}: ${record.path.join(" \u2192 ")}` : record.rule, null];
    cells.push(String(record.trigger) === String(record.word) ? "\u2014" : brief(record.trigger_text), record.status);
    const row = make("tr", { className: record.status }, ...cells.map((text) => make("td", { textContent: text ?? "" })));
    row.cells[2].className = "number";
    row.cells[2].append(number(record.amount));
    return row;
  });
  const table = make("table", {}, headRow(unit, "rule", "#amount", "trigger", "status"), make("tbody", {}, ...rows));
  const more = records.length - rows.length;
  return more > 0 ? [table, make("p", { className: "more", textContent: `and ${more} more` })] : [table];
}

function headRow(...names) {
  const cells = names.map((name) =>
    make("th", { scope: "col", textContent: name.replace("#", ""), className: name.startsWith("#") ? "number" : "" }),
  );
  return make("thead", {}, make("tr", {}, ...cells));
}
