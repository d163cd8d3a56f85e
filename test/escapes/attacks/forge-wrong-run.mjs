import { writeSync } from 'node:fs';

/** Messages of runs that it is not, on the descriptor that its own go by. */
export default async function forgeWrongRun({ marker, call }) {
  if (call === 2) return 'honest';
  for (let run = 0; run < 50; run += 1) {
    for (const type of ['log', 'chunk', 'result']) {
      if (run === 1) continue;
      const header = Buffer.from(JSON.stringify({ type, run, stream: 'info', children: false }));
      const data = Buffer.from(JSON.stringify(marker));
      const prefix = Buffer.alloc(8);
      prefix.writeUInt32LE(4 + header.length + data.length, 0);
      prefix.writeUInt32LE(header.length, 4);
      writeSync(4, Buffer.concat([prefix, header, data]));
    }
  }
  return 'sent';
}
