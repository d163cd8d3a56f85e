const signals = ['SIGTERM', 'SIGINT'] as const;

/** Before there is a server nothing is open: ending at once is a clean end. */
let handle: (signal: string) => void = () => process.exit(0);
let isListening = false;

/** From here on SIGTERM and SIGINT end the process cleanly: without this they kill a server that is still being loaded. */
export function catchEndSignals(): void {
  if (isListening) return;
  isListening = true;
  for (const signal of signals) process.on(signal, () => handle(signal));
}

/** Ends the process as a signal would, for another reason. */
export function endBy(reason: string): void {
  handle(reason);
}

/** Says what the signals do from now on. */
export function handleEndSignals(handler: (signal: string) => void): void {
  handle = handler;
  catchEndSignals();
}
