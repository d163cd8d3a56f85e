import { readFileSync } from 'node:fs';

/** Reads a private file of the server's user. */
export default ({ host }) => readFileSync(host.file, 'utf8');
