// The few things that the page needs to build and patch its elements. Text from the network becomes text nodes, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with a class, attributes and children (elements or texts). */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) attr(made, name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** One of the symbols in index.html; decoration: the word stands beside it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#s-${name}`);
  svg.append(use);
  return svg;
}

/** Shows another symbol in an icon. */
export function setIcon(svg, name) {
  const use = svg.firstChild;
  const href = `#s-${name}`;
  if (use.getAttribute("href") !== href) use.setAttribute("href", href);
}

/** Sets an attribute only where it changes; null and false remove it. */
export function attr(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else {
    const text = value === true ? "" : String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** Sets the text of an element that has no other children, only where it changes. */
export function text(element, value) {
  const wanted = value ?? "";
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Sets a style through the object model, which a strict policy allows, only where it changes. */
export function style(element, name, value) {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}

/**
 * Makes the children of `parent` show `items`: those that stay are kept and updated, so that focus, selection and open details
 * survive. `make(item)` gives an object with a member `root`; `update(view, item)` patches it.
 */
export function list(parent, items, key, make, update) {
  const before = parent.views ?? new Map();
  const after = new Map();
  for (const item of items) {
    const name = key(item);
    const view = before.get(name) ?? make(item);
    after.set(name, view);
    update?.(view, item);
  }
  for (const [name, view] of before) if (!after.has(name)) view.root.remove();
  let place = parent.firstChild;
  for (const view of after.values()) {
    if (view.root === place) place = place.nextSibling;
    else parent.insertBefore(view.root, place);
  }
  parent.views = after;
}

/** The element with this id. */
export const byId = (id) => document.getElementById(id);
