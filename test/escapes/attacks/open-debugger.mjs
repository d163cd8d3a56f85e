import inspector from 'node:inspector';

/** Opens a debugger on itself that the machine's other users can reach. */
export default function openDebugger() {
  inspector.open(0, '127.0.0.1');
  return inspector.url();
}
