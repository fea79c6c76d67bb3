// The options of menus, grouped or not.

import { h } from "/page/dom.js";
import { withPictures } from "/page/markup.js";

export function optionsOf(element) {
  return [...(element.options || []), ...(element.option_groups || []).flatMap((group) => group.options)];
}

export function optionNodes(element) {
  const one = (option) => h("option", { value: option.value }, withPictures(option.text.text));
  const groups = (element.option_groups || []).map((group) => h("optgroup", { label: group.label.text }, group.options.map(one)));
  return [...(element.options || []).map(one), ...groups];
}
