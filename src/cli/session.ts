import { findLocalServer } from '../client/local-server.js';
import { LanewayClient } from '../client/laneway-client.js';
import { CommandError, exitCode } from './exit-code.js';

export interface GlobalFlags {
  url?: string;
  key?: string;
  json?: boolean;
}
type Environment = Readonly<Record<string, string | undefined>>;

/** What a command works with besides its own arguments. */
export class Session {
  readonly environment: Environment;
  readonly json: boolean;
  readonly #flags: GlobalFlags;

  constructor(environment: Environment, flags: GlobalFlags) {
    this.environment = environment;
    this.#flags = flags;
    this.json = flags.json === true;
  }

  /** To stdout: what the command is asked for. */
  print(text: string): void {
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** To stderr: what accompanies it, left out with --json. */
  note(text: string): void {
    if (!this.json) process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Flags come first, then LANEWAY_URL and LANEWAY_KEY, then the server of this user on this machine. */
  async connect(): Promise<LanewayClient> {
    const url = this.#flags.url ?? (this.environment['LANEWAY_URL'] || undefined);
    const key = this.#flags.key ?? (this.environment['LANEWAY_KEY'] || undefined);
    if (url !== undefined) requireUrl(url);
    if (url !== undefined && key !== undefined) return new LanewayClient({ url, key });
    const local = await findLocalServer(this.environment);
    if (url === undefined && local === null) {
      throw new CommandError(
        exitCode.unreachable,
        'no server of yours is running on this machine',
        'start one with `npm start` (or `fas serve`), or say where one runs with LANEWAY_URL and LANEWAY_KEY',
      );
    }
    // The local admin key goes to the local server only, never to another address.
    const ownKey = url === undefined || sameServer(url, local?.url) ? (local?.key ?? null) : null;
    return new LanewayClient({ url: url ?? local!.url, key: key ?? ownKey });
  }

  /** Calls back at Ctrl-C instead of ending; a second Ctrl-C ends at once. The answer stops listening. */
  onInterrupt(handle: () => void): () => void {
    let times = 0;
    const listen = (): void => {
      times += 1;
      if (times > 1) process.exit(130);
      handle();
    };
    process.on('SIGINT', listen);
    return () => process.off('SIGINT', listen);
  }
}

function requireUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '') return;
  throw new CommandError(
    exitCode.usage,
    `${JSON.stringify(text)} is not the URL of a server`,
    'write it like http://127.0.0.1:8080',
  );
}

function sameServer(url: string, local: string | undefined): boolean {
  return local !== undefined && new URL(url).origin === new URL(local).origin;
}
