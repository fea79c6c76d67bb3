// On a machine without an emoji font the common pictures become plain symbols, so that nobody reads empty boxes.

const PLAINER = {
  "✅": "✔", "✔️": "✔", "❌": "✖", "⛔": "⊘", "🚫": "⊘", "⚠️": "⚠", "🚨": "⚠", "⌛": "◔", "⏳": "◔", "🚀": "▲", "🔒": "▣", "🔓": "▢",
  "❄️": "❄", "👀": "◉", "🎉": "✶", "👍": "✔", "👎": "✖", "⏪": "«", "↩️": "↩", "⬆️": "↑", "⬇️": "↓", "➡️": "→", "📈": "↗", "📉": "↘",
  "📊": "▤", "📝": "✎", "📦": "▣", "🤖": "⚙", "ℹ️": "ⓘ", "❓": "?", "❗": "!", "🔔": "♪", "🔕": "♪", "🔴": "●", "🟡": "◐", "🟢": "●",
  "🔵": "●", "⚪": "○", "⚫": "●", "🔄": "↻", "🔁": "↻", "⏱️": "◔", "🕒": "◔", "📅": "▦", "🔗": "∞", "📜": "▤", "🛡️": "⛨", "🔥": "▲",
  "🚧": "▦", "⏸️": "‖", "▶️": "▶", "💡": "✦", "🔑": "⚿", "🐛": "✱", "🛶": "≋", "🤔": "?", "💤": "z", "👋": "☞", "✋": "⚑", "📣": "☞",
  "🔎": "⌕", "🔬": "◎", "🚚": "▶", "⏭️": "»", "🏷️": "✎",
};
const FOUND = new RegExp(Object.keys(PLAINER).join("|"), "gu");

const hasEmoji = drawn("🚀") !== drawn("\u{10FFFD}");

export function drawable(text) {
  return hasEmoji ? text : text.replace(FOUND, (picture) => PLAINER[picture]);
}

function drawn(text) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 24;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.font = "18px system-ui, sans-serif";
  pen.fillText(text, 0, 19);
  return pen.getImageData(0, 0, 24, 24).data.join();
}
