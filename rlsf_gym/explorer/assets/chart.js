// Draws the running score under the tokens: one staff for each line of text, aligned with its tokens.

const SVG = "http://www.w3.org/2000/svg";

function drawCourse(stave, tokens, answer) {
  stave.querySelector("svg")?.remove();
  if (!tokens.length) return;
  const limit = Math.max(1, ...[answer.prompt_score, ...answer.running].map(Math.abs)), least = answer.solved === undefined ? -limit : 0;
  const canvas = shape("svg", { role: "img", "aria-label": describeCourse(answer) });
  const band = parseFloat(getComputedStyle(tokens[0]).paddingBottom);
  const boxes = tokens.map((token) => ({
    left: token.offsetLeft, right: token.offsetLeft + token.offsetWidth, top: token.offsetTop + token.offsetHeight - band,
  }));
  for (const [first, last] of textLines(boxes)) drawStaff(canvas, boxes, [first, last], band, [least, limit], answer);
  stave.append(canvas);
}

function describeCourse(answer) {
  const known = [answer.prompt_score, ...answer.running];
  const [first, end, least, most] = [known[0], answer.score, Math.min(...known), Math.max(...known)].map((value) => written(value, answer));
  return `${answer.solved === undefined ? "running score" : "value"}: ${first} for the prompt, ${end} in the end, between ${least} and ${most}`;
}

function textLines(boxes) {
  const lines = [];
  let first = 0;
  boxes.forEach((box, place) => {
    const ends = place + 1 === boxes.length || boxes[place + 1].left < box.left;
    if (!ends) return;
    lines.push([first, place]);
    first = place + 1;
  });
  return lines;
}

// Draws the staff of one line of text, from the least score to the greatest; what is lost for good is shaded.
function drawStaff(canvas, boxes, [first, last], band, [least, most], answer) {
  const top = boxes[first].top + 12, height = band - 24;
  const level = (score) => top + ((most - score) / (most - least)) * height;
  const left = boxes[first].left, right = boxes[last].right;
  for (const score of least ? [most, 0, least] : [most, 0]) {
    canvas.append(shape("line", { class: score ? "edge" : "zero", x1: left, x2: right, y1: level(score), y2: level(score) }));
    canvas.append(caption(left - 6, level(score) + 4, least ? tick(score) : String(score), "end"));
  }
  let before = first ? answer.running[first - 1] : answer.prompt_score;
  let path = `M${left} ${level(before)}`, free = 0;
  for (let place = first; place <= last; place++) {
    const score = answer.running[place], box = boxes[place];
    path += `V${level(score)}H${box.right}`;
    if (score !== before && box.left >= free) {
      const text = written(score, answer);
      canvas.append(caption(box.left + 3, level(score) + (score >= before || !least ? -5 : 13), text, "start", "value"));
      free = box.left + 5 + 6.2 * text.length;
    }
    before = score;
  }
  canvas.append(shape("path", { class: "course", d: path }));
  if (answer.verdict) shadeAlive(canvas, boxes, [first, last], { y: top, height }, answer);
  for (const [start, end] of stretches(answer.running, first, last)) canvas.prepend(area(boxes[start].left, boxes[end].right, level(0), level(answer.running[start])));
}

// Shades where a right answer is still possible, and where it is lost.
function shadeAlive(canvas, boxes, [first, last], across, answer) {
  let end = first;
  while (end <= last && answer.tokens[end].completion !== null) end++;
  const shade = (kind, from, to) => {
    const x = boxes[from].left;
    canvas.prepend(shape("rect", { class: kind, x, width: boxes[to].right - x, ...across }));
  };
  if (end > first) shade("alive", first, end - 1);
  if (end <= last) shade("lost", end, last);
}

// Returns the first and last token of each stretch of one score other than 0.
function stretches(running, first, last) {
  const found = [];
  for (let place = first; place <= last; place++) {
    if (place > first && running[place] === running[place - 1]) found.at(-1)[1] = place;
    else found.push([place, place]);
  }
  return found.filter(([start]) => running[start] !== 0);
}

function area(left, right, zero, level) {
  return shape("rect", { class: level < zero ? "above" : "below", x: left, y: Math.min(level, zero), width: right - left, height: Math.abs(level - zero) });
}

function tick(score) {
  return score ? `${score > 0 ? "+" : "\u2212"}${Math.abs(score).toFixed(Math.abs(score) === 1 ? 0 : 1)}` : "0";
}

function caption(x, y, text, anchor, kind) {
  const element = shape("text", { x, y, "text-anchor": anchor, ...(kind && { class: kind }) });
  element.textContent = text;
  return element;
}

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
