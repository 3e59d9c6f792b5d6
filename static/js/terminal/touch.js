// A finger scrolls, which xterm.js knows of wheels only: the lines above; and as a wheel what a program draws itself (tmux, less).
const SLACK = 8; // pixels within which a finger is only pressed

export function scrollsByTouch(terminal) {
  const element = terminal.element;
  const screen = element.querySelector(".xterm-screen");
  let last = null;
  let moves = false;
  let rest = 0; // pixels that are no whole line yet

  function scroll(touch, pixels) {
    const { clientX, clientY } = touch;
    if (terminal.buffer.active.type === "normal" && terminal.modes.mouseTrackingMode === "none") {
      const height = screen.clientHeight / terminal.rows;
      rest += pixels;
      terminal.scrollLines(Math.trunc(rest / height));
      rest %= height;
    } else {
      const facts = { deltaY: pixels, deltaMode: WheelEvent.DOM_DELTA_PIXEL, clientX, clientY, bubbles: true, cancelable: true };
      screen.dispatchEvent(new WheelEvent("wheel", facts));
    }
  }

  element.addEventListener("touchstart", ({ touches }) => {
    last = touches.length === 1 ? touches[0].clientY : null;
    moves = false;
    rest = 0;
  }, { passive: true });
  element.addEventListener("touchmove", (event) => {
    if (last === null || event.touches.length !== 1) return;
    const [touch] = event.touches;
    moves ||= Math.abs(touch.clientY - last) > SLACK;
    if (!moves) return;
    event.preventDefault();
    scroll(touch, last - touch.clientY);
    last = touch.clientY;
  }, { passive: false });
}
