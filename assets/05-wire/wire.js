// Binary answers: facts as JSON, and typed arrays behind them.
(function () {
  const root = window.dash_clientside;

  // It also runs in a thread of its own, and so it uses nothing around it.
  function unpack(buffer) {
    const KINDS = { float32: Float32Array, uint8: Uint8Array };
    const length = new DataView(buffer).getUint32(0, true);
    const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    let offset = 4 + length;
    const arrays = facts.arrays.map(({ dtype, shape }) => {
      const values = new KINDS[dtype](buffer, offset, shape.reduce((a, b) => a * b, 1));
      offset += 4 * Math.ceil(values.byteLength / 4);
      return { values, shape };
    });
    return { ...facts, arrays };
  }

  // Bytes as text for an address, and back: deflated, then base64 for URLs.
  async function deflate(bytes) {
    const packed = await through(bytes, new CompressionStream("deflate"));
    const text = btoa(String.fromCharCode(...packed));
    return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  }

  // Nothing where the text is damaged.
  async function inflate(text) {
    try {
      const packed = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
      const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
      return await through(bytes, new DecompressionStream("deflate"));
    } catch {
      return null;
    }
  }

  async function through(bytes, transform) {
    const stream = new Blob([bytes]).stream().pipeThrough(transform);
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  root.cnn = { ...root.cnn, unpack, deflate, inflate };
})();
