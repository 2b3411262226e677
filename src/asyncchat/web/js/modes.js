// Changes of modes in words: "made bob an operator". It must not know rooms or the page.

import { RULES, SETTINGS } from "./words.js";

const ROLES = { q: "the founder", a: "an admin", o: "an operator", h: "a half-operator" };

/** Whom a mask means, and for how long. */
export function meantBy(mask) {
  const [, time = "", rest = mask] = /^t:(\w{1,20}):(.*)$/.exec(mask) ?? [];
  const mute = rest.startsWith("m:");
  const bare = mute ? rest.slice(2) : rest;
  const whom = bare.endsWith("!*@*") ? bare.slice(0, -4) : bare;
  return { mute, whom, name: `${whom}${time ? ` for ${time}` : ""}` };
}

function listed(letter, on, mask) {
  const { mute, name } = meantBy(mask);
  if (letter === "b") return mute ? `${on ? "muted" : "unmuted"} ${name}` : `${on ? "banned" : "lifted the ban of"} ${name}`;
  if (letter === "e") return `${on ? "exempted" : "no longer exempts"} ${name} from ${mute ? "mutes" : "bans and mutes"}`;
  return `${on ? "lets" : "no longer lets"} ${name} in without an invitation`;
}

function change(letter, on, param) {
  if (ROLES[letter]) return on ? `made ${param} ${ROLES[letter]}` : `made ${param} no longer ${ROLES[letter]}`;
  if (letter === "v") return on ? `gave ${param} a voice` : `took the voice of ${param}`;
  if ("beI".includes(letter)) return listed(letter, on, param);
  if (RULES[letter]) return `changed a rule: ${RULES[letter][on ? 0 : 1]}`;
  if (SETTINGS[letter]) return `changed a rule: ${on ? SETTINGS[letter][0].replace("{}", param) : SETTINGS[letter][1]}`;
  return `set mode ${on ? "+" : "-"}${letter}${param ? ` ${param}` : ""}`;
}

/** A change of modes as IRC writes it: [letter, whether it is set, its parameter]; `isupport` says which letters have one. */
export function changesOf([letters = "", ...params], isupport) {
  const roles = (isupport.get("PREFIX") ?? "(qaohv)").slice(1).split(")")[0];
  const [lists = "", keyed = "", whenSet = ""] = (isupport.get("CHANMODES") ?? "beI,k,flW").split(",");
  const changes = [];
  let on = true;
  for (const letter of letters) {
    if (letter === "+" || letter === "-") on = letter === "+";
    else changes.push([letter, on, `${roles}${lists}${keyed}${on ? whenSet : ""}`.includes(letter) ? params.shift() ?? "" : ""]);
  }
  return changes;
}

/** The same in words. */
export function modesInWords(params, isupport) {
  return changesOf(params, isupport).map((one) => change(...one)).join("; ");
}
