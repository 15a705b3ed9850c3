// Hands what a microphone hears to the page, 20 ms at a time.
registerProcessor("microphone", class extends AudioWorkletProcessor {
  #block = new Float32Array(960);
  #filled = 0;

  process([input]) {
    const heard = input?.[0];
    for (let at = 0; heard && at < heard.length; ) {
      const n = Math.min(heard.length - at, this.#block.length - this.#filled);
      this.#block.set(heard.subarray(at, at + n), this.#filled);
      at += n;
      this.#filled += n;
      if (this.#filled < this.#block.length) continue;
      this.port.postMessage(this.#block, [this.#block.buffer]);
      this.#block = new Float32Array(960);
      this.#filled = 0;
    }
    return true;
  }
});
