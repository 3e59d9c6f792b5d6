// Bytes of one socket that were shown, told to the live process together: every 64 KB, or 50 ms after 16 KB. Less waits for what comes
// later, since the live process never waits for so little: else each echo of a key would cost a frame the other way, too.
const MOST_BYTES = 65536;
const LEAST_BYTES = 16384;
const MOST_MS = 50;

export class Acks {
  #socket;
  #bytes = 0;
  #timer = 0;

  constructor(socket) {
    this.#socket = socket;
  }

  shown(bytes) {
    this.#bytes += bytes;
    if (this.#bytes >= MOST_BYTES) this.#tell();
    else if (this.#bytes >= LEAST_BYTES) this.#timer ||= setTimeout(() => this.#tell(), MOST_MS);
  }

  #tell() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "ack", bytes: this.#bytes }));
    this.#bytes = 0;
  }
}
