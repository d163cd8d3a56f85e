/** What `fas` exits with; scripts may rely on it. */
export const exitCode = { ok: 0, failed: 1, usage: 2, unreachable: 3, refused: 4 } as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** A problem that the command found itself; `next` says what to do about it. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly exitCode: ExitCode;
  readonly next: string | null;

  constructor(code: ExitCode, message: string, next: string | null = null) {
    super(message);
    this.exitCode = code;
    this.next = next;
  }
}
