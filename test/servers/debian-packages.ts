/** A server that tests start themselves, and where it comes from. */
export interface NeededServer {
  /** The file that must be there. */
  binary: string;
  /** The Debian package that brings it. */
  package: string;
  /** Folders of test/ with tests that skip themselves without it. */
  suites: readonly string[];
}

/** Everything the tests need beyond npm; scripts/install-test-servers.js installs what is missing. */
export const neededServers: readonly NeededServer[] = [
  { binary: 'redis-server', package: 'redis-server', suites: ['queue', 'bus', 'redis', 'cli'] },
  { binary: 'postgres', package: 'postgresql', suites: ['records', 'store', 'cli'] },
  { binary: 'vsftpd', package: 'vsftpd', suites: ['store', 'cli'] },
  { binary: 'openssl', package: 'openssl', suites: ['store'] },
];
