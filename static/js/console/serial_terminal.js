// The terminal in which a serial console is shown. Its guest's titles, links (OSC 8) and clipboard (OSC 52) do nothing here.
import "../adopted_styles.js";
import { Terminal } from "../../vendor/xterm/xterm.mjs";
import { FitAddon } from "../../vendor/xterm/fit.mjs";
import { FONT, onOtherTheme, theme } from "../terminal/look.js";

export function makeTerminal(place, typed, typedBytes) {
  const terminal = new Terminal({
    fontFamily: FONT,
    fontSize: 14,
    minimumContrastRatio: 4.5,
    scrollback: 2000,
    disableStdin: true,
    linkHandler: { activate() {} },
    theme: theme(place),
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  fit.fit();
  new ResizeObserver(() => { if (place.offsetParent) fit.fit(); }).observe(place);
  onOtherTheme(() => { terminal.options.theme = theme(place); });
  terminal.onData(typed);
  terminal.onBinary(typedBytes);
  // Tab is the guest's; this key gives the page its focus back.
  terminal.attachCustomKeyEventHandler((event) => {
    if (!(event.ctrlKey && event.shiftKey && event.key === "ArrowUp")) return true;
    if (event.type === "keydown") document.getElementById("serial-close").focus();
    return false;
  });
  return terminal;
}
