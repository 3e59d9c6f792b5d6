// Bytes of one socket that were shown, told to the live process together: every 64 KB, or 50 ms after the first.
const MOST_BYTES = 65536;
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
    else this.#timer ||= setTimeout(() => this.#tell(), MOST_MS);
  }

  #tell() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "ack", bytes: this.#bytes }));
    this.#bytes = 0;
  }
}
