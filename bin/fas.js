#!/usr/bin/env node
// Before anything large is loaded: a server may be told to end while it starts.
if (process.argv.slice(2).find((word) => !word.startsWith('-')) === 'serve') {
  (await import('../dist/src/end-signals.js')).catchEndSignals();
}
const { runCommandLine } = await import('../dist/src/cli/main.js');
process.exitCode = await runCommandLine(process.argv.slice(2), process.env);
