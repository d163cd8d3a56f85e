import type { Command } from 'commander';
import type { ExitCode } from './exit-code.js';
import type { Session } from './session.js';

/** Each command is a file of its own that is loaded when it is called. */
export interface CommandModule {
  run(args: readonly string[], options: object, session: Session): Promise<ExitCode>;
}

/** Adds a command below another; the answer takes its options. */
export type AddCommand = (
  parent: Command,
  usage: string,
  command: {
    about: string;
    /** Meant when the parent is called alone. */ isDefault?: boolean;
    load: () => Promise<CommandModule>;
  },
) => Command;
