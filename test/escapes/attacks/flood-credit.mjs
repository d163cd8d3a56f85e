import { writeSync } from 'node:fs';

/** Takes nothing of what its caller sends, and tells the server that it took more than there can be. */
export default {
  fetch() {
    for (let run = 1; run < 10; run += 1) {
      const header = Buffer.from(JSON.stringify({ type: 'credit', run, bytes: 2 ** 50 }));
      const prefix = Buffer.alloc(8);
      prefix.writeUInt32LE(4 + header.length, 0);
      prefix.writeUInt32LE(header.length, 4);
      writeSync(4, Buffer.concat([prefix, header]));
    }
    const until = Date.now() + 10_000;
    while (Date.now() < until);
    return new Response('took nothing');
  },
};
