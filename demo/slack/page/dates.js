// Slack's date words in the reader's own time zone and language.

const local = (options) => (moment) => new Intl.DateTimeFormat(undefined, options).format(moment);
const plain = local({ month: "long", day: "numeric", year: "numeric" });
const short = local({ month: "short", day: "numeric", year: "numeric" });
const long = local({ weekday: "long", month: "long", day: "numeric", year: "numeric" });
const clock = local({ hour: "2-digit", minute: "2-digit" });
const parts = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

const WORDS = {
  date_num: (moment) => moment.toISOString().slice(0, 10),
  date_slash: local({ day: "2-digit", month: "2-digit", year: "numeric" }),
  date: plain,
  date_pretty: pretty(plain),
  date_short: short,
  date_short_pretty: pretty(short),
  date_long: long,
  date_long_pretty: pretty(long),
  time: clock,
  time_secs: local({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  ago,
};

export function shownDate(epoch, pattern, fallback) {
  const moment = new Date(epoch * 1000);
  if (Number.isNaN(moment.getTime())) return fallback;
  const unknown = [...pattern.matchAll(/\{(\w+)\}/g)].some(([, word]) => !(word in WORDS));
  return unknown ? fallback : pattern.replace(/\{(\w+)\}/g, (_, word) => WORDS[word](moment));
}

export const timeOf = (ts) => clock(new Date(Number(ts) * 1000));
export const bareTimeOf = (ts) => parts.formatToParts(new Date(Number(ts) * 1000)).filter((one) => one.type !== "dayPeriod").map((one) => one.value).join("").trim();
export const fullTimeOf = (ts) => `${long(new Date(Number(ts) * 1000))}, ${clock(new Date(Number(ts) * 1000))}`;

export function dayOf(ts) {
  return pretty(local({ weekday: "long", month: "long", day: "numeric" }))(new Date(Number(ts) * 1000));
}

function pretty(otherwise) {
  return (moment) => {
    const away = days(moment) - days(new Date());
    return { "-1": "Yesterday", 0: "Today", 1: "Tomorrow" }[away] || otherwise(moment);
  };
}

function days(moment) {
  return Math.round(new Date(moment.getFullYear(), moment.getMonth(), moment.getDate(), 12).getTime() / 86_400_000);
}

function ago(moment) {
  const seconds = (moment.getTime() - Date.now()) / 1000;
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [unit, size] of [["day", 86_400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return words.format(Math.trunc(seconds), "second");
}
