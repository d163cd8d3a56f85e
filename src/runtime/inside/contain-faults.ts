/** Catches what breaks outside a function's own promise (timers, events, forgotten promises) and calls of `process.exit`. */
export function containFaults(on: { onFault: (error: unknown) => void; mayExit: () => boolean }): void {
  process.on('uncaughtException', (error) => {
    on.onFault(error);
  });
  process.on('unhandledRejection', (reason) => on.onFault(reason));
  const exit = process.exit.bind(process);
  process.exit = ((code?: number | string | null) => {
    if (!on.mayExit()) throw new StaleExit('process.exit was called by what a finished run left behind');
    exit(code);
  }) as typeof process.exit;
}

class StaleExit extends Error {
  override name = 'StaleExit';
}
