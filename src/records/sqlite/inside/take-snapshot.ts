import { workerData } from 'node:worker_threads';
import Libsql from 'libsql';

// A second connection reads one state of the database, whatever is written meanwhile: in WAL mode it holds nobody up.
const { file, into } = workerData as { file: string; into: string };
const database = new Libsql(file, { timeout: 5000 });
try {
  database.prepare('vacuum into ?').run([into]);
} finally {
  database.close();
}
