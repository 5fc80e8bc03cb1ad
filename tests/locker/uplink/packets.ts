/** One MQTT control packet; `bodyBytes` is what it says of itself. */
export function packet(firstByte: number, body: Uint8Array, bodyBytes = body.length): Buffer {
  const digits: number[] = [];
  let left = bodyBytes;
  do {
    digits.push((left % 128) | (left >= 128 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Uint8Array.of(firstByte, ...digits), body]);
}

const SUBSCRIBE = 8;
const CONNECT = 1;

/** What a client's chunk asks for, answered as a broker does: its CONNECT and its SUBSCRIBE come each in one piece. */
export function answerTo(chunk: Buffer): { readonly answer: Buffer; readonly isSubscribed: boolean } {
  const type = (chunk[0] ?? 0) >> 4;
  if (type === CONNECT) return { answer: packet(0x20, Uint8Array.of(0, 0)), isSubscribed: false };
  if (type !== SUBSCRIBE) return { answer: Buffer.alloc(0), isSubscribed: false };
  return { answer: packet(0x90, Buffer.concat([chunk.subarray(2, 4), Uint8Array.of(1, 1, 1)])), isSubscribed: true };
}

/** The body of a PUBLISH, QoS 1 or 2, up to its payload. */
export function publishHead(topic: string): Buffer {
  const name = Buffer.from(topic);
  return Buffer.concat([Uint8Array.of(0, name.length), name, Uint8Array.of(0, 7)]);
}
